// The original bytes of documents: one file each, named by its SHA-256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::store {

struct BlobInfo {
  std::string sha256;  // hex
  std::int64_t size_bytes = 0;
};

// Thread-safe. A blob is on disk before the row that names it is committed; blobs that no row names
// are removed at start.
class BlobStore {
 public:
  static Result<BlobStore> open(const std::filesystem::path& directory);

  // Takes the bytes piece by piece, so that no upload need be in memory; too_large beyond
  // `size_max`. An abandoned writer leaves nothing.
  class Writer {
   public:
    Writer(Writer&&) noexcept;
    ~Writer();
    Status write(std::string_view bytes);
    Result<BlobInfo> finish();  // durable when it returns

   private:
    friend class BlobStore;
    struct Impl;
    explicit Writer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };
  Result<Writer> writer(std::int64_t size_max) const;

  Result<BlobInfo> put(std::string_view bytes, std::int64_t size_max) const;
  // Checks the hash; corrupt when the bytes are not what was written.
  Result<std::string> get(const std::string& sha256) const;
  std::filesystem::path path(const std::string& sha256) const;
  Status remove(const std::string& sha256) const;
  // Removes every blob for which `is_named` is false; gives their number.
  Result<std::int64_t> remove_unnamed(const std::function<bool(const std::string&)>& is_named) const;

 private:
  explicit BlobStore(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path directory_;
};

}  // namespace wenyuan::store
