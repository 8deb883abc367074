// Files: open, read, write, sync. The names are libc's, so nothing here is in a namespace of ours.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/crash/shim/calls_impl.h"

using wenyuan::crash::Fault;

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

constexpr int kWriting = O_WRONLY | O_RDWR | O_TRUNC;

std::uint32_t kind_of_open(int flags, bool exists) {
  if ((flags & O_CREAT) != 0 && !exists) return wenyuan::crash::kCreate;
  return (flags & kWriting) != 0 ? wenyuan::crash::kOpenToWrite : wenyuan::crash::kOpenToRead;
}

// `call` does it.
template <class Open>
int open_watched(int folder, const char* name, int flags, Open call) {
  const std::string path = wenyuan::crash::absolute(folder, name);
  if (!wenyuan::crash::counts(path)) {
    const int fd = call();
    wenyuan::crash::note_closed(fd);  // who had the number before may have gone unseen
    return fd;
  }
  struct stat info {};
  const bool exists = ::fstatat(AT_FDCWD, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (const Fault fault = wenyuan::crash::strike(kind_of_open(flags, exists)); fault.error != 0) {
    errno = fault.error;
    return -1;
  }
  const int fd = call();
  if (fd < 0) return fd;
  wenyuan::crash::note_opened(fd, path, !exists);
  const std::int64_t number = wenyuan::crash::number_of(fd);
  if (number != 0 && exists && (flags & O_TRUNC) != 0) {
    wenyuan::crash::listener()->truncated(number, 0);
  }
  return fd;
}

unsigned mode_of(int flags, va_list arguments) {
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return makes ? va_arg(arguments, unsigned) : 0;
}

// The result of one read or write, or what a fault makes of it; `call` takes how many bytes to do.
template <class Do>
ssize_t transfer(int fd, std::size_t size, std::uint32_t kind, Do call) {
  if (!wenyuan::crash::counts(fd)) return call(size);
  const Fault fault = wenyuan::crash::strike(kind);
  if (fault.error != 0) {
    errno = fault.error;
    return -1;
  }
  return call(fault.part && size > 1 ? size / 2 : size);
}

void tell_written(int fd, off64_t offset, const void* bytes, ssize_t size) {
  const std::int64_t number = wenyuan::crash::number_of(fd);
  if (number == 0 || size <= 0 || wenyuan::crash::listener() == nullptr) return;
  wenyuan::crash::listener()->wrote(
      number, offset, {static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
}

off64_t position(int fd) {
  return wenyuan::crash::number_of(fd) == 0 ? 0 : ::lseek64(fd, 0, SEEK_CUR);
}

template <class Do>
int sync_watched(int fd, Do call) {
  if (wenyuan::crash::counts(fd)) {
    if (const Fault fault = wenyuan::crash::strike(wenyuan::crash::kSync); fault.error != 0) {
      errno = fault.error;
      return -1;
    }
  }
  const int result = call();
  const std::int64_t number = wenyuan::crash::number_of(fd);
  if (result == 0 && number != 0 && wenyuan::crash::listener() != nullptr) {
    wenyuan::crash::listener()->synced(number);
  }
  return result;
}

template <class Do>
int truncate_watched(int fd, off64_t size, Do call) {
  if (wenyuan::crash::counts(fd)) {
    if (const Fault fault = wenyuan::crash::strike(wenyuan::crash::kTruncate); fault.error != 0) {
      errno = fault.error;
      return -1;
    }
  }
  const int result = call();
  const std::int64_t number = wenyuan::crash::number_of(fd);
  if (result == 0 && number != 0 && wenyuan::crash::listener() != nullptr) {
    wenyuan::crash::listener()->truncated(number, size);
  }
  return result;
}

}  // namespace

int real_open(const char* path, int flags, unsigned mode) {
  static auto* const call = next<int(const char*, int, ...)>("open");
  return call(path, flags, mode);
}
int real_close(int fd) {
  static auto* const call = next<int(int)>("close");
  return call(fd);
}
void* real_map(std::size_t size, int fd) {
  static auto* const call = next<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
  return call(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

extern "C" {

int open(const char* path, int flags, ...) {
  static auto* const call = next<int(const char*, int, ...)>("open");
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_watched(AT_FDCWD, path, flags, [&] { return call(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  static auto* const call = next<int(const char*, int, ...)>("open64");
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_watched(AT_FDCWD, path, flags, [&] { return call(path, flags, mode); });
}

int openat(int folder, const char* path, int flags, ...) {
  static auto* const call = next<int(int, const char*, int, ...)>("openat");
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_watched(folder, path, flags, [&] { return call(folder, path, flags, mode); });
}

int openat64(int folder, const char* path, int flags, ...) {
  static auto* const call = next<int(int, const char*, int, ...)>("openat64");
  va_list arguments;
  va_start(arguments, flags);
  const unsigned mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_watched(folder, path, flags, [&] { return call(folder, path, flags, mode); });
}

int close(int fd) {
  wenyuan::crash::note_closed(fd);
  return real_close(fd);
}

ssize_t read(int fd, void* bytes, std::size_t size) {
  static auto* const call = next<ssize_t(int, void*, std::size_t)>("read");
  return transfer(fd, size, wenyuan::crash::kRead,
                  [&](std::size_t count) { return call(fd, bytes, count); });
}

ssize_t pread(int fd, void* bytes, std::size_t size, off_t offset) {
  static auto* const call = next<ssize_t(int, void*, std::size_t, off_t)>("pread");
  return transfer(fd, size, wenyuan::crash::kRead,
                  [&](std::size_t count) { return call(fd, bytes, count, offset); });
}

ssize_t pread64(int fd, void* bytes, std::size_t size, off64_t offset) {
  static auto* const call = next<ssize_t(int, void*, std::size_t, off64_t)>("pread64");
  return transfer(fd, size, wenyuan::crash::kRead,
                  [&](std::size_t count) { return call(fd, bytes, count, offset); });
}

ssize_t write(int fd, const void* bytes, std::size_t size) {
  static auto* const call = next<ssize_t(int, const void*, std::size_t)>("write");
  const off64_t offset = position(fd);
  const ssize_t done = transfer(fd, size, wenyuan::crash::kWrite,
                                [&](std::size_t count) { return call(fd, bytes, count); });
  tell_written(fd, offset, bytes, done);
  return done;
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const call = next<ssize_t(int, const iovec*, int)>("writev");
  if (!wenyuan::crash::counts(fd)) return call(fd, parts, count);
  // As one write: where the caller cuts it is of no account.
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return write(fd, bytes.data(), bytes.size());
}

ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
  static auto* const call = next<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  const ssize_t done = transfer(fd, size, wenyuan::crash::kWrite,
                                [&](std::size_t count) { return call(fd, bytes, count, offset); });
  tell_written(fd, offset, bytes, done);
  return done;
}

ssize_t pwrite64(int fd, const void* bytes, std::size_t size, off64_t offset) {
  static auto* const call = next<ssize_t(int, const void*, std::size_t, off64_t)>("pwrite64");
  const ssize_t done = transfer(fd, size, wenyuan::crash::kWrite,
                                [&](std::size_t count) { return call(fd, bytes, count, offset); });
  tell_written(fd, offset, bytes, done);
  return done;
}

int fsync(int fd) {
  static auto* const call = next<int(int)>("fsync");
  return sync_watched(fd, [&] { return call(fd); });
}

int fdatasync(int fd) {
  static auto* const call = next<int(int)>("fdatasync");
  return sync_watched(fd, [&] { return call(fd); });
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const call = next<int(int, off_t)>("ftruncate");
  return truncate_watched(fd, size, [&] { return call(fd, size); });
}

int ftruncate64(int fd, off64_t size) noexcept {
  static auto* const call = next<int(int, off64_t)>("ftruncate64");
  return truncate_watched(fd, size, [&] { return call(fd, size); });
}

void* mmap(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  static auto* const call = next<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
  if (wenyuan::crash::counts(fd)) {
    if (const Fault fault = wenyuan::crash::strike(wenyuan::crash::kMap); fault.error != 0) {
      errno = fault.error;
      return MAP_FAILED;
    }
  }
  return call(at, size, protection, flags, fd, offset);
}

void* mmap64(void* at, std::size_t size, int protection, int flags, int fd,
             off64_t offset) noexcept {
  return mmap(at, size, protection, flags, fd, offset);
}

}  // extern "C"
