// Folders, C streams and the time of day. The names are libc's, so nothing here is in a namespace.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/crash/shim/calls_impl.h"

using wenyuan::crash::Fault;

namespace {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// True, with errno set, when the call is to fail.
bool fails(const std::string& path, std::uint32_t kind) {
  if (!wenyuan::crash::counts(path)) return false;
  const Fault fault = wenyuan::crash::strike(kind);
  if (fault.error != 0) errno = fault.error;
  return fault.error != 0;
}

bool fails(int fd, std::uint32_t kind) {
  if (!wenyuan::crash::counts(fd)) return false;
  const Fault fault = wenyuan::crash::strike(kind);
  if (fault.error != 0) errno = fault.error;
  return fault.error != 0;
}

bool followed(const std::string& path) {
  return wenyuan::crash::listener() != nullptr && wenyuan::crash::counts(path);
}

template <class Do>
int rename_watched(const std::string& from, const std::string& to, Do call) {
  if (fails(to, wenyuan::crash::kRename)) return -1;
  const int result = call();
  if (result == 0 && followed(to)) wenyuan::crash::listener()->renamed(from, to);
  return result;
}

template <class Do>
int link_watched(const std::string& from, const std::string& to, Do call) {
  if (fails(to, wenyuan::crash::kRename)) return -1;
  const int result = call();
  if (result == 0 && followed(to)) wenyuan::crash::listener()->linked(from, to);
  return result;
}

template <class Do>
int remove_watched(const std::string& path, Do call) {
  if (fails(path, wenyuan::crash::kRemove)) return -1;
  const int result = call();
  if (result == 0 && followed(path)) wenyuan::crash::listener()->removed(path);
  return result;
}

template <class Do>
int make_folder_watched(const std::string& path, Do call) {
  if (fails(path, wenyuan::crash::kMakeFolder)) return -1;
  const int result = call();
  if (result == 0 && followed(path)) wenyuan::crash::listener()->made_folder(path);
  return result;
}

template <class Do>
std::FILE* open_stream(const char* name, const char* mode, Do call) {
  const std::string path = wenyuan::crash::absolute(AT_FDCWD, name);
  if (!wenyuan::crash::counts(path)) return call();
  struct stat info {};
  const bool exists = ::fstatat(AT_FDCWD, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  const std::string how(mode);
  const bool writes = how.find_first_of("wa+") != std::string::npos;
  if (fails(path, !exists && writes ? wenyuan::crash::kCreate
                  : writes          ? wenyuan::crash::kOpenToWrite
                                    : wenyuan::crash::kOpenToRead)) {
    return nullptr;
  }
  std::FILE* const stream = call();
  if (stream == nullptr) return stream;
  const int fd = ::fileno(stream);
  wenyuan::crash::note_opened(fd, path, !exists);
  const std::int64_t number = wenyuan::crash::number_of(fd);
  if (number != 0 && exists && how.front() == 'w') wenyuan::crash::listener()->truncated(number, 0);
  return stream;
}

void move_clock(timespec& time) {
  const std::int64_t offset = wenyuan::crash::control().clock_offset_ms;
  if (offset == 0) return;
  const std::int64_t nanos = time.tv_nsec + offset % 1000 * 1'000'000;
  time.tv_sec += offset / 1000 + (nanos >= 1'000'000'000 ? 1 : nanos < 0 ? -1 : 0);
  time.tv_nsec = (nanos + 1'000'000'000) % 1'000'000'000;
}

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept {
  static auto* const call = next<int(const char*, const char*)>("rename");
  return rename_watched(wenyuan::crash::absolute(AT_FDCWD, from),
                        wenyuan::crash::absolute(AT_FDCWD, to), [&] { return call(from, to); });
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  static auto* const call = next<int(int, const char*, int, const char*)>("renameat");
  return rename_watched(wenyuan::crash::absolute(from_folder, from),
                        wenyuan::crash::absolute(to_folder, to),
                        [&] { return call(from_folder, from, to_folder, to); });
}

// Exchanges are not known here.
int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  static auto* const call = next<int(int, const char*, int, const char*, unsigned)>("renameat2");
  return rename_watched(wenyuan::crash::absolute(from_folder, from),
                        wenyuan::crash::absolute(to_folder, to),
                        [&] { return call(from_folder, from, to_folder, to, flags); });
}

int link(const char* from, const char* to) noexcept {
  static auto* const call = next<int(const char*, const char*)>("link");
  return link_watched(wenyuan::crash::absolute(AT_FDCWD, from),
                      wenyuan::crash::absolute(AT_FDCWD, to), [&] { return call(from, to); });
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  static auto* const call = next<int(int, const char*, int, const char*, int)>("linkat");
  return link_watched(wenyuan::crash::absolute(from_folder, from),
                      wenyuan::crash::absolute(to_folder, to),
                      [&] { return call(from_folder, from, to_folder, to, flags); });
}

int truncate(const char* path, off_t size) noexcept {
  static auto* const call = next<int(const char*, off_t)>("truncate");
  const std::string whole = wenyuan::crash::absolute(AT_FDCWD, path);
  if (fails(whole, wenyuan::crash::kTruncate)) return -1;
  const int result = call(path, size);
  if (result != 0 || !followed(whole)) return result;
  const std::int64_t number = wenyuan::crash::listener()->opened(whole, false);
  if (number != 0) wenyuan::crash::listener()->truncated(number, size);
  return result;
}

int unlink(const char* path) noexcept {
  static auto* const call = next<int(const char*)>("unlink");
  return remove_watched(wenyuan::crash::absolute(AT_FDCWD, path), [&] { return call(path); });
}

int rmdir(const char* path) noexcept {
  static auto* const call = next<int(const char*)>("rmdir");
  return remove_watched(wenyuan::crash::absolute(AT_FDCWD, path), [&] { return call(path); });
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  static auto* const call = next<int(int, const char*, int)>("unlinkat");
  return remove_watched(wenyuan::crash::absolute(folder, path),
                        [&] { return call(folder, path, flags); });
}

int remove(const char* path) noexcept {
  static auto* const call = next<int(const char*)>("remove");
  return remove_watched(wenyuan::crash::absolute(AT_FDCWD, path), [&] { return call(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const call = next<int(const char*, mode_t)>("mkdir");
  return make_folder_watched(wenyuan::crash::absolute(AT_FDCWD, path),
                             [&] { return call(path, mode); });
}

int mkdirat(int folder, const char* path, mode_t mode) noexcept {
  static auto* const call = next<int(int, const char*, mode_t)>("mkdirat");
  return make_folder_watched(wenyuan::crash::absolute(folder, path),
                             [&] { return call(folder, path, mode); });
}

DIR* opendir(const char* path) {
  static auto* const call = next<DIR*(const char*)>("opendir");
  if (fails(wenyuan::crash::absolute(AT_FDCWD, path), wenyuan::crash::kList)) return nullptr;
  return call(path);
}

int closedir(DIR* folder) {
  static auto* const call = next<int(DIR*)>("closedir");
  wenyuan::crash::note_closed(::dirfd(folder));
  return call(folder);
}

std::FILE* fopen(const char* path, const char* mode) {
  static auto* const call = next<std::FILE*(const char*, const char*)>("fopen");
  return open_stream(path, mode, [&] { return call(path, mode); });
}

std::FILE* fopen64(const char* path, const char* mode) {
  static auto* const call = next<std::FILE*(const char*, const char*)>("fopen64");
  return open_stream(path, mode, [&] { return call(path, mode); });
}

std::size_t fwrite(const void* bytes, std::size_t size, std::size_t count, std::FILE* stream) {
  static auto* const call =
      next<std::size_t(const void*, std::size_t, std::size_t, std::FILE*)>("fwrite");
  const int fd = ::fileno(stream);
  if (fails(fd, wenyuan::crash::kWrite)) return 0;
  const long offset = wenyuan::crash::number_of(fd) == 0 ? 0 : std::ftell(stream);
  const std::size_t done = call(bytes, size, count, stream);
  if (wenyuan::crash::number_of(fd) != 0 && done > 0 && wenyuan::crash::listener() != nullptr) {
    wenyuan::crash::listener()->wrote(wenyuan::crash::number_of(fd), offset,
                                      {static_cast<const char*>(bytes), done * size});
  }
  return done;
}

int fclose(std::FILE* stream) {
  static auto* const call = next<int(std::FILE*)>("fclose");
  wenyuan::crash::note_closed(::fileno(stream));
  return call(stream);
}

int clock_gettime(clockid_t clock, timespec* into) noexcept {
  static auto* const call = next<int(clockid_t, timespec*)>("clock_gettime");
  const int result = call(clock, into);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    move_clock(*into);
  }
  return result;
}

int statvfs(const char* path, struct statvfs* into) noexcept {
  static auto* const call = next<int(const char*, struct statvfs*)>("statvfs");
  const int result = call(path, into);
  const std::int64_t size = wenyuan::crash::control().disk_free;
  if (result == 0 && size >= 0 &&
      wenyuan::crash::counts(wenyuan::crash::absolute(AT_FDCWD, path))) {
    into->f_bavail = static_cast<fsblkcnt_t>(size) / into->f_frsize;
  }
  return result;
}

int statvfs64(const char* path, struct statvfs64* into) noexcept {
  static auto* const call = next<int(const char*, struct statvfs64*)>("statvfs64");
  const int result = call(path, into);
  const std::int64_t size = wenyuan::crash::control().disk_free;
  if (result == 0 && size >= 0 &&
      wenyuan::crash::counts(wenyuan::crash::absolute(AT_FDCWD, path))) {
    into->f_bavail = static_cast<fsblkcnt64_t>(size) / into->f_frsize;
  }
  return result;
}

int gettimeofday(timeval* into, void* zone) noexcept {
  static auto* const call = next<int(timeval*, void*)>("gettimeofday");
  const int result = call(into, zone);
  if (result != 0) return result;
  timespec moved{into->tv_sec, into->tv_usec * 1000};
  move_clock(moved);
  into->tv_sec = moved.tv_sec;
  into->tv_usec = moved.tv_nsec / 1000;
  return result;
}

time_t time(time_t* at) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (at != nullptr) *at = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
