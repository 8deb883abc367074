#include "store/erasure_log.h"

#include "store/content_access.h"

namespace wenyuan::store {

Status add_erasure(Transaction& tx, const Erasure& erasure) {
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO erasures (receipt_id, document_id, user_id, receipt, erased_at, "
                    "first_chunk, last_chunk, key_secret, past_chunks) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return statement.bind(1, erasure.receipt_id)
      .bind(2, erasure.erased_id)
      .bind(3, erasure.user_id)
      .bind(4, erasure.receipt)
      .bind(5, erasure.erased_at)
      .bind(6, erasure.first_chunk)
      .bind(7, erasure.last_chunk)
      .bind(8, erasure.key_secret)
      .bind(9, json_list(erasure.past_chunks))
      .run();
}

namespace {

Result<std::vector<ChunkId>> past_chunks_of(Snapshot& snapshot, const std::string& receipt_id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT each.value FROM erasures, "
                                          "json_each(erasures.past_chunks) AS each "
                                          "WHERE receipt_id = ? ORDER BY each.key"));
  statement.bind(1, receipt_id);
  std::vector<ChunkId> ids;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return ids;
    ids.push_back(statement.integer(0));
  }
}

}  // namespace

Result<Erasure> erasure(Snapshot& snapshot, const std::string& receipt_id) {
  WY_TRY(
      auto statement,
      snapshot.prepare("SELECT document_id, user_id, receipt, erased_at, swept_at, "
                       "first_chunk, last_chunk, key_secret FROM erasures WHERE receipt_id = ?"));
  WY_TRY(const bool found, statement.bind(1, receipt_id).step());
  if (!found) return Error{ErrorCode::not_found, "no such erasure"};
  Erasure erasure;
  erasure.receipt_id = receipt_id;
  erasure.erased_id = statement.text(0);
  erasure.user_id = statement.text(1);
  erasure.receipt = statement.text(2);
  erasure.erased_at = statement.integer(3);
  erasure.first_chunk = statement.integer(5);
  erasure.last_chunk = statement.integer(6);
  erasure.key_secret = statement.integer(7);
  if (!statement.is_null(4)) erasure.swept_at = statement.integer(4);
  WY_TRY(erasure.past_chunks, past_chunks_of(snapshot, receipt_id));
  return erasure;
}

Result<std::int64_t> last_unswept(Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT ifnull(max(number), 0) FROM erasures "
                                          "WHERE swept_at IS NULL"));
  WY_RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

Result<std::vector<Unswept>> unswept(Snapshot& snapshot, std::int64_t after,
                                     std::size_t count_max) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT number, receipt_id, receipt, EXISTS (SELECT 1 FROM "
                          "secrets_to_destroy AS s WHERE s.number = e.key_secret) "
                          "FROM erasures AS e WHERE swept_at IS NULL AND number > ? "
                          "ORDER BY number LIMIT ?"));
  statement.bind(1, after).bind(2, static_cast<std::int64_t>(count_max));
  std::vector<Unswept> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    all.push_back(
        {statement.integer(0), statement.text(1), statement.text(2), statement.integer(3) != 0});
  }
}

Status mark_swept(Transaction& tx, std::span<const std::int64_t> numbers, UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("UPDATE erasures SET swept_at = ?2 WHERE swept_at IS NULL "
                                    "AND number IN (SELECT value FROM json_each(?1))"));
  return statement.bind(1, json_list(numbers)).bind(2, now).run();
}

}  // namespace wenyuan::store
