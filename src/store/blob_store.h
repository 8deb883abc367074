// The original bytes of documents: one sealed file each, named by the SHA-256 of what is in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/result.h"
#include "base/sealed_files.h"

namespace wenyuan::store {

// What its sealed file is bound to.
std::string original_bound(const std::string& sha256);

struct BlobInfo {
  std::string sha256;  // hex
  std::int64_t size_bytes = 0;
  // While it lives, remove() leaves the blob alone. Keep it until the row that names the blob is
  // committed: somebody may be deleting another document with the same bytes. Shared, because
  // copies of this struct all mean the same blob.
  std::shared_ptr<const void> hold;
};

// Thread-safe. A blob is on disk before the row that names it is committed; blobs that no row names
// are removed at start.
class BlobStore {
 public:
  // `files` must outlive it.
  static Result<BlobStore> open(const std::filesystem::path& directory, const SealedFiles& files);
  BlobStore(BlobStore&&) noexcept;
  BlobStore& operator=(BlobStore&&) noexcept;
  ~BlobStore();

  // Takes the bytes piece by piece, so that no upload need be in memory; too_large beyond
  // `size_max`. An abandoned writer leaves nothing.
  class Writer {
   public:
    Writer(Writer&&) noexcept;
    ~Writer();
    Status write(std::string_view bytes);
    // Durable when it returns. A good file with these bytes stays as it is, because copies of it
    // open with its key alone; a damaged one is replaced.
    Result<BlobInfo> finish();

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
  // The same without the bytes in memory.
  Status check(const std::string& sha256) const;
  // For pieces of it; every piece is checked when it is read.
  Result<std::shared_ptr<const SealedReader>> reader(const std::string& sha256) const;
  // A file in memory, without a name, with the plain bytes.
  Result<FileDescriptor> plain_file(const std::string& sha256) const;
  std::filesystem::path path(const std::string& sha256) const;
  // Its key is destroyed with it. Done also when it is not there, or somebody holds it. Use
  // remove_blobs() (blob_removal.h), which makes sure that no row names it.
  Status remove(const std::string& sha256) const;
  // Removes every blob for which `is_named` is false, and what writers have left; gives the number
  // of blobs removed. For the start, when nobody writes. The log is told of what the disk refuses.
  Result<std::int64_t> remove_unnamed(
      const std::function<bool(const std::string&)>& is_named) const;

 private:
  struct Holds;
  BlobStore(std::filesystem::path directory, const SealedFiles& files,
            std::shared_ptr<Holds> holds);
  std::filesystem::path directory_;
  const SealedFiles* files_;
  std::shared_ptr<Holds> holds_;  // shared with the BlobInfos, which may live longer
};

}  // namespace wenyuan::store
