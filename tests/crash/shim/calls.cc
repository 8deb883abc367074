#include "tests/crash/shim/calls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "tests/crash/shim/calls_impl.h"

namespace wenyuan::crash {
namespace {

constexpr int kFilesMax = 65536;

struct File {
  std::atomic<bool> counts{false};
  std::atomic<std::int64_t> number{0};
};

File& file_at(int fd) {
  static File files[kFilesMax];
  return files[fd >= 0 && fd < kFilesMax ? fd : kFilesMax - 1];
}

std::atomic<Listener*>& listener_slot() {
  static std::atomic<Listener*> slot{nullptr};
  return slot;
}

Control* mapped_control() {
  const char* const file = std::getenv("WENYUAN_FAULTS");  // NOLINT: before threads start
  if (file == nullptr) return nullptr;
  const int fd = real_open(file, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  void* const at = real_map(sizeof(Control), fd);
  real_close(fd);
  // Other programs that this one starts are to be as they are.
  ::unsetenv("LD_PRELOAD");      // NOLINT: before threads start
  ::unsetenv("WENYUAN_FAULTS");  // NOLINT: before threads start
  return at == MAP_FAILED ? nullptr : static_cast<Control*>(at);
}

}  // namespace

Control& control() {
  static Control own;
  static Control* const used = [] {
    Control* const mapped = mapped_control();
    return mapped == nullptr ? &own : mapped;
  }();
  return *used;
}

namespace {

// Before the program starts others.
[[gnu::constructor]] void read_environment() { static_cast<void>(control()); }

}  // namespace

void set_root(std::string_view folder) {
  Control& all = control();
  const std::size_t size = std::min(folder.size(), sizeof all.root - 1);
  std::memcpy(all.root, folder.data(), size);
  all.root[size] = '\0';
}

void arm(int error, std::uint32_t calls, std::int64_t at, bool lasting) {
  Control& all = control();
  all.calls = calls;
  all.at = at;
  all.lasting = lasting ? 1 : 0;
  all.seen = 0;
  all.failed = 0;
  all.part = error == EINTR ? 1 : 0;
  all.error = error;
}

bool disarm() {
  Control& all = control();
  all.error = 0;
  return all.failed > 0;
}

void set_listener(Listener* listener) { listener_slot() = listener; }
Listener* listener() { return listener_slot(); }

std::string absolute(int folder, const char* path) {
  if (path == nullptr) return {};
  if (path[0] == '/') return path;
  char where[PATH_MAX];
  const std::string link =
      folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/" + std::to_string(folder);
  const ssize_t size = ::readlink(link.c_str(), where, sizeof where);
  if (size < 0) return {};
  return std::string(where, static_cast<std::size_t>(size)) + "/" + path;
}

bool counts(const std::string& path) {
  const Control& all = control();
  const std::size_t size = std::strlen(all.root);
  return size > 0 && path.compare(0, size, all.root) == 0 &&
         (path.size() == size || path[size] == '/');
}

bool counts(int fd) { return fd >= 0 && file_at(fd).counts; }
std::int64_t number_of(int fd) { return fd >= 0 ? file_at(fd).number.load() : 0; }

void note_opened(int fd, const std::string& path, bool created) {
  if (fd < 0) return;
  File& file = file_at(fd);
  file.number = listener() == nullptr ? 0 : listener()->opened(path, created);
  file.counts = true;
}

void note_closed(int fd) {
  if (fd < 0) return;
  file_at(fd).counts = false;
  file_at(fd).number = 0;
}

Fault strike(std::uint32_t call) {
  Control& all = control();
  const int error = all.error;
  if (error == 0 || (all.calls & call) == 0) return {};
  const std::int64_t seen = ++all.seen;
  const bool hit = all.lasting != 0 ? seen >= all.at : seen == all.at;
  if (!hit) return {};
  // An interrupted call and one that does only a part of its work are met by turns.
  const std::int64_t failed = ++all.failed;
  if (all.part != 0 && (call & (kRead | kWrite)) != 0 && (seen + failed) % 2 == 0) {
    return {0, true};
  }
  return {error, false};
}

}  // namespace wenyuan::crash
