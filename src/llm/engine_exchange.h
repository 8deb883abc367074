// The answer to one request, on its way from the worker to the connection.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "llm/engine_protocol.h"

namespace wenyuan::llm {

// One thread sends and finishes, another takes. The sender never waits for the client, so a slow
// one cannot hold up the worker.
class Exchange {
 public:
  // unavailable when the process has no file descriptor left.
  static Result<Exchange> create();
  Exchange(Exchange&& other) noexcept : event_(std::move(other.event_)) {}

  // The worker's side. Nothing may be sent behind finish().
  void send(std::string_view text);
  void finish(std::string frame);
  bool is_cancelled() const { return is_cancelled_.load(std::memory_order_relaxed); }

  // The connection's side: what has come since the last take(). event() is readable when something
  // has.
  struct Output {
    std::string bytes;
    bool is_finished = false;
  };
  int event() const { return event_.get(); }
  Output take();
  void cancel() { is_cancelled_.store(true, std::memory_order_relaxed); }

 private:
  explicit Exchange(FileDescriptor event) : event_(std::move(event)) {}
  void put(std::string_view bytes, bool is_finished);

  FileDescriptor event_;
  std::atomic<bool> is_cancelled_{false};
  std::mutex mutex_;
  Output output_;  // guarded by mutex_
};

}  // namespace wenyuan::llm
