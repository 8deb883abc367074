#include "store/blob_removal.h"

#include "store/content_store.h"

namespace wenyuan::store {

Status remove_blobs(Database& database, const BlobStore& blobs,
                    std::span<const std::string> sha256s) {
  if (sha256s.empty()) return Done{};
  // In the writer thread: a row that names the blob is either there already, or its maker still
  // holds the blob.
  return database.write([&](Transaction& tx) -> Status {
    for (const std::string& sha256 : sha256s) {
      WY_TRY(const bool named, blob_is_named(tx, sha256));
      if (!named) WY_RETURN_IF_ERROR(blobs.remove(sha256));
    }
    return Done{};
  });
}

}  // namespace wenyuan::store
