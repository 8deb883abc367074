// Files, written so that a power cut leaves the old content or the new one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace wenyuan {

// The whole file; too_large above `size_max` bytes.
Result<std::string> read_file(const std::filesystem::path& path,
                              std::size_t size_max = std::size_t{1} << 30);

// Writes beside the target, syncs, renames, syncs the folder. `mode` as in chmod.
Status write_file_durably(const std::filesystem::path& path, std::string_view content,
                          unsigned mode = 0600);

Status sync_directory(const std::filesystem::path& path);

// A read-only mapping of a whole file. Move-only; the bytes stay valid as long as it lives.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::span<const std::uint8_t> bytes_;
};

// Lets the memory behind some bytes of a mapped file go; they are read again when they are used.
void release_pages(std::span<const std::uint8_t> bytes);

// A file descriptor that closes itself. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() { *this = FileDescriptor(); }

 private:
  int fd_ = -1;
};

// An Error for the current errno: "open /x/y: No such file or directory".
Error errno_error(std::string_view what, const std::filesystem::path& path = {});

}  // namespace wenyuan
