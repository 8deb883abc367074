#include "store/blob_removal.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "store/content_store.h"

namespace wenyuan::store {
namespace {

// In one turn of the writer thread.
constexpr std::size_t kBatch = 256;

Result<bool> is_left(Transaction& tx, const BlobStore& blobs, const std::string& sha256) {
  WY_TRY(const bool named, blob_is_named(tx, sha256));
  if (named) return false;
  const Status removed = blobs.remove(sha256);
  if (!removed) {
    log::error("store.original_left", {{"original", sha256}, {"why", removed.error().message}});
    return true;
  }
  std::error_code unsure;
  return std::filesystem::exists(blobs.path(sha256), unsure) || unsure;
}

}  // namespace

Result<std::vector<std::string>> remove_blobs(Database& database, const BlobStore& blobs,
                                              std::span<const std::string> sha256s) {
  std::vector<std::string> left;
  while (!sha256s.empty()) {
    const auto some = sha256s.first(std::min(kBatch, sha256s.size()));
    // In the writer thread: a row that names the blob is either there already, or its maker still
    // holds the blob.
    WY_RETURN_IF_ERROR(database.write([&](Transaction& tx) -> Status {
      for (const std::string& sha256 : some) {
        WY_TRY(const bool there, is_left(tx, blobs, sha256));
        if (there) left.push_back(sha256);
      }
      return Done{};
    }));
    sha256s = sha256s.subspan(some.size());
  }
  return left;
}

}  // namespace wenyuan::store
