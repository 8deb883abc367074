// A file that is there whole, durably, or not at all, written piece by piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "backup/place.h"
#include "base/file.h"
#include "base/result.h"
#include "store/digest.h"

namespace wenyuan::backup {

// One thread at a time. What is not finished leaves nothing.
class NewFile {
 public:
  // Its folder must be there.
  static Result<NewFile> create(const std::filesystem::path& path);
  NewFile(NewFile&& other) noexcept;
  ~NewFile();

  Status write(std::string_view bytes);
  // What was written since create(); once.
  Place::Received received();
  // Replaces what is there.
  Status finish();
  // conflict when something is there.
  Status finish_new();

 private:
  NewFile(std::filesystem::path path, std::filesystem::path temporary, FileDescriptor fd);
  Status settle();
  std::filesystem::path path_, temporary_;
  FileDescriptor fd_;
  store::DigestWriter digest_;
  std::int64_t size_ = 0;
};

// Folders whose names are certainly on the disk. That one is there does not say so: somebody may
// have made it a moment ago, or before a power cut. One thread at a time.
class DurableFolders {
 public:
  // With what is missing above it.
  Status make(const std::filesystem::path& folder);
  // And all that lead from `root` to it, of which each may be there for moments only.
  Status make(const std::filesystem::path& root, const std::filesystem::path& relative);
  // It was removed.
  void forget(const std::filesystem::path& folder) { known_.erase(folder); }

 private:
  std::set<std::filesystem::path> known_;
};

// The bytes of a file from `offset`, as many as `piece` has room for; `piece` is cut to what there
// is.
Status read_piece(const FileDescriptor& file, std::int64_t offset, std::string& piece);

}  // namespace wenyuan::backup
