#include "store/blob_rows.h"

#include <algorithm>

#include "store/content_store.h"

namespace wenyuan::store {

Status name_blob(Transaction& tx, const std::string& sha256, std::int64_t size_bytes,
                 UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("INSERT INTO blobs (sha256, size_bytes, created_at) "
                                    "VALUES (?, ?, ?) ON CONFLICT (sha256) DO UPDATE "
                                    "SET created_at = excluded.created_at"));
  return statement.bind(1, sha256).bind(2, size_bytes).bind(3, now).run();
}

Result<bool> blob_is_named(Snapshot& snapshot, const std::string& sha256) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT 1 FROM document_versions WHERE sha256 = ? LIMIT 1"));
  return statement.bind(1, sha256).step();
}

Result<std::vector<std::string>> drop_unnamed(Transaction& tx, std::vector<std::string> sha256s) {
  std::sort(sha256s.begin(), sha256s.end());
  sha256s.erase(std::unique(sha256s.begin(), sha256s.end()), sha256s.end());
  std::vector<std::string> unnamed;
  for (std::string& sha256 : sha256s) {
    WY_TRY(const bool named, blob_is_named(tx, sha256));
    if (named) continue;
    WY_TRY(auto statement, tx.prepare("DELETE FROM blobs WHERE sha256 = ?"));
    WY_RETURN_IF_ERROR(statement.bind(1, sha256).run());
    unnamed.push_back(std::move(sha256));
  }
  return unnamed;
}

}  // namespace wenyuan::store
