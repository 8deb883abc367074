// Stands between a program and the C library's file calls: makes the n-th of them fail, and tells
// of each that changes something.
//
// A shared library. A program that links it, or a server that is started with it in LD_PRELOAD,
// calls it instead of libc. Only calls on files below one folder count; others pass through.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace wenyuan::crash {

// Kinds of calls, as bits.
enum Call : std::uint32_t {
  kOpenToRead = 1,
  kOpenToWrite = 2,
  kCreate = 4,
  kRead = 8,
  kWrite = 16,
  kSync = 32,
  kTruncate = 64,
  kRename = 128,
  kRemove = 256,
  kMakeFolder = 512,
  kList = 1024,
  kMap = 2048,
};

// What is to go wrong. Lies in a file that a test maps and writes when the program is another
// process (WENYUAN_FAULTS names the file); tests/server/faults.py knows this layout.
struct Control {
  std::atomic<std::int32_t> error{0};            // errno to give; 0: nothing fails
  std::atomic<std::uint32_t> calls{0};           // which kinds count
  std::atomic<std::int64_t> at{0};               // the number of the call that fails, from 1
  std::atomic<std::int32_t> lasting{0};          // 1: all later ones fail too
  std::atomic<std::int32_t> part{0};             // 1: reads and writes do half, every other time
  std::atomic<std::int64_t> seen{0};             // calls counted
  std::atomic<std::int64_t> failed{0};           // of them, those that failed
  std::atomic<std::int64_t> clock_offset_ms{0};  // added to the time of day
  std::atomic<std::int64_t> disk_free{-1};       // what the disk says it has; -1: the truth
  char root[4000] = {};                          // the folder
};

// Of this process.
Control& control();
// Sets the folder; every file opened below it from now on counts. Empty: none.
void set_root(std::string_view folder);

// Arms one fault; disarm() says whether it struck.
void arm(int error, std::uint32_t calls, std::int64_t at, bool lasting);
bool disarm();

// Is told what has happened, in the thread that did it, after it succeeded. Files and folders have
// numbers that the listener gives.
class Listener {
 public:
  virtual ~Listener() = default;
  // 0: this file is not followed. `created`: it was not there before the call.
  virtual std::int64_t opened(const std::string& path, bool created) = 0;
  virtual void wrote(std::int64_t file, std::int64_t offset, std::string_view bytes) = 0;
  virtual void truncated(std::int64_t file, std::int64_t size) = 0;
  virtual void synced(std::int64_t file) = 0;
  virtual void renamed(const std::string& from, const std::string& to) = 0;
  // The same file has another name too.
  virtual void linked(const std::string& from, const std::string& to) = 0;
  virtual void removed(const std::string& path) = 0;
  virtual void made_folder(const std::string& path) = 0;
};
// Null: nobody. Set while nothing else runs.
void set_listener(Listener* listener);

}  // namespace wenyuan::crash
