#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/id.h"

namespace wenyuan {
namespace fs = std::filesystem;
namespace {

Status write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write", path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return Done{};
}

}  // namespace

Error errno_error(std::string_view what, const fs::path& path) {
  const int number = errno;
  const ErrorCode code = number == ENOENT                       ? ErrorCode::not_found
                         : number == ENOSPC || number == EDQUOT ? ErrorCode::unavailable
                                                                : ErrorCode::internal;
  std::string message(what);
  if (!path.empty()) message += " " + path.string();
  return Error{code, message + ": " + std::strerror(number)};  // NOLINT: glibc's is thread-safe
}

Result<std::string> read_file(const fs::path& path, std::size_t size_max) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", path);
  std::string content;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read", path);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > size_max) {
      return Error{ErrorCode::too_large,
                   path.string() + " has more than " + std::to_string(size_max) + " bytes"};
    }
  }
}

Status write_file_durably(const fs::path& path, std::string_view content, unsigned mode) {
  const fs::path temporary = path.parent_path() / ("." + path.filename().string() + new_id("tmp"));
  {
    const FileDescriptor fd(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) return errno_error("create", temporary);
    Status written = write_all(fd.get(), content, temporary);
    if (written && ::fsync(fd.get()) != 0) written = errno_error("fsync", temporary);
    if (!written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = errno_error("rename", path);
    ::unlink(temporary.c_str());
    return error;
  }
  return sync_directory(path.parent_path());
}

Status sync_directory(const fs::path& path) {
  const fs::path folder = path.empty() ? fs::path(".") : path;
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("open", folder);
  if (::fsync(fd.get()) != 0) return errno_error("fsync", folder);
  return Done{};
}

Result<MappedFile> MappedFile::open(const fs::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error("stat", path);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::invalid_argument, path.string() + " is not a regular file"};
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return MappedFile(std::span<const std::uint8_t>());
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED) return errno_error("mmap", path);
  return MappedFile(std::span(static_cast<const std::uint8_t*>(address), size));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

void release_pages(std::span<const std::uint8_t> bytes) {
  constexpr std::uintptr_t kPage = 4096;
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + kPage - 1) / kPage * kPage;
  const std::uintptr_t last = (begin + bytes.size()) / kPage * kPage;
  // The pages belong to the file, so nothing can be lost.
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace wenyuan
