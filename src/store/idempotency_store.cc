#include "store/idempotency_store.h"

namespace wenyuan::store {

Result<std::optional<Remembered>> find(Snapshot& snapshot, const std::string& user_id,
                                       const std::string& key, UnixMillis now) {
  WY_TRY(auto statement, snapshot.prepare("SELECT request_hash, status, body FROM idempotency_keys "
                                          "WHERE user_id = ? AND key = ? AND expires_at > ?"));
  WY_TRY(const bool found, statement.bind(1, user_id).bind(2, key).bind(3, now).step());
  if (!found) return std::optional<Remembered>();
  return std::optional(Remembered{.request_hash = statement.text(0),
                                  .status = static_cast<int>(statement.integer(1)),
                                  .body = statement.text(2)});
}

Status remember(Transaction& tx, const std::string& user_id, const std::string& key,
                const Remembered& answer, UnixMillis now) {
  if (key.empty() || key.size() > kIdempotencyKeySizeMax) {
    return Error{ErrorCode::invalid_argument, "an Idempotency-Key has 1 to 255 characters"};
  }
  WY_TRY(auto expired, tx.prepare("DELETE FROM idempotency_keys WHERE expires_at <= ?"));
  WY_RETURN_IF_ERROR(expired.bind(1, now).run());
  WY_TRY(auto statement, tx.prepare("INSERT INTO idempotency_keys (user_id, key, request_hash, "
                                    "status, body, expires_at) VALUES (?, ?, ?, ?, ?, ?)"));
  Status added = statement.bind(1, user_id)
                     .bind(2, key)
                     .bind(3, answer.request_hash)
                     .bind(4, answer.status)
                     .bind(5, answer.body)
                     .bind(6, now + kIdempotencyTime)
                     .run();
  if (!added && added.error().code == ErrorCode::conflict) {
    return Error{ErrorCode::conflict, "this Idempotency-Key has been used"};
  }
  return added;
}

}  // namespace wenyuan::store
