// A folder for files in the open on a file system in memory, which goes with whoever made it.
#pragma once

#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/result.h"

namespace wenyuan::index {

// Locked (flock) as long as this lives, so that others can tell whether its process does.
class MemoryFolder {
 public:
  // In `memory`, which is made when it is absent. First removes those there that nobody holds any
  // more: a process that was killed has left them, whichever store it was for.
  static Result<MemoryFolder> make(const std::filesystem::path& memory);
  MemoryFolder() = default;
  MemoryFolder(MemoryFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  MemoryFolder& operator=(MemoryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~MemoryFolder();  // with everything in it

  const std::filesystem::path& path() const { return path_; }

 private:
  MemoryFolder(std::filesystem::path path, FileDescriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;  // empty: none
  FileDescriptor lock_;
};

}  // namespace wenyuan::index
