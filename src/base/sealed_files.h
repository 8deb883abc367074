// Files that are unreadable on disk: who writes them, who reads them, and how they end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan {

// Used by one thread at a time. One that is not finished removes its file.
class SealedWriter {
 public:
  virtual ~SealedWriter() = default;
  virtual Status write(std::string_view bytes) = 0;
  // `bound` is not kept, and wanted again to open the file. The file is on disk when it returns;
  // its folder is not synced.
  virtual Status finish(std::string_view bound) = 0;
};

// Thread-safe.
class SealedReader {
 public:
  virtual ~SealedReader() = default;
  virtual std::int64_t size() const = 0;  // bytes
  // Bytes from `offset` on, fewer than `count` only at the end. corrupt when they were changed,
  // moved or cut off.
  virtual Result<std::string> read(std::int64_t offset, std::size_t count) const = 0;
};

// Thread-safe. Outlives its writers and readers.
class SealedFiles {
 public:
  virtual ~SealedFiles() = default;
  // Over whatever is there.
  virtual Result<std::unique_ptr<SealedWriter>> create(const std::filesystem::path& path) const = 0;
  // not_found when there is no file, or its key was destroyed; corrupt when it is not ours, or was
  // bound to something else.
  virtual Result<std::unique_ptr<SealedReader>> open(const std::filesystem::path& path,
                                                     std::string_view bound) const = 0;
  // Moves a finished file over whatever is at `to`, and destroys the key of that when the move is
  // on disk.
  virtual Status replace(const std::filesystem::path& from, const std::filesystem::path& to,
                         std::string_view bound) const = 0;
  // Destroys the file's key, so that copies of the file are worth nothing, and removes the file.
  // Done when it is not there. An error leaves the file, so that it can be tried again; but one
  // that is damaged so that it does not tell its key goes, and the log says that older copies still
  // open.
  virtual Status destroy(const std::filesystem::path& path, std::string_view bound) const = 0;
};

}  // namespace wenyuan
