#include "audit/log.h"

#include "audit/chain.h"
#include "audit/record_row.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr int kQuerySizeMax = 1000;
// Ids, addresses and action names are far shorter; a client's own request id may try to be longer.
constexpr std::size_t kFieldSizeMax = 512;

Status check(const Event& event) {
  for (const std::string* field : {&event.action, &event.actor_id, &event.key_id, &event.object_id,
                                   &event.request_id, &event.address}) {
    if (field->size() > kFieldSizeMax || !is_utf8(*field)) {
      return Error{ErrorCode::invalid_argument,
                   "a field of an audit record is at most 512 bytes of UTF-8"};
    }
  }
  if (event.action.empty()) {
    return Error{ErrorCode::invalid_argument, "an audit record needs an action"};
  }
  return check_attributes(event.details);
}

}  // namespace

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::allowed: return "allowed";
    case Outcome::refused: return "refused";
    case Outcome::failed: return "failed";
  }
  WY_ASSERT(false);
}

std::optional<Outcome> outcome(std::string_view wanted) {
  for (const Outcome each : {Outcome::allowed, Outcome::refused, Outcome::failed}) {
    if (name(each) == wanted) return each;
  }
  return std::nullopt;
}

Result<Record> append(store::Transaction& tx, const Event& event, UnixMillis now) {
  WY_RETURN_IF_ERROR(check(event));
  WY_TRY(const Head before, head(tx));
  Record record;
  record.number = before.number + 1;
  record.time = now;
  record.event = event;
  const Hash hash = chained(before.hash, record);
  record.hash = to_hex(hash);
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO audit_records (number, time, action, outcome, actor_id, key_id, "
                    "object_id, request_id, address, details, hash) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  WY_RETURN_IF_ERROR(statement.bind(1, record.number)
                         .bind(2, record.time)
                         .bind(3, event.action)
                         .bind(4, name(event.outcome))
                         .bind(5, event.actor_id)
                         .bind(6, event.key_id)
                         .bind(7, event.object_id)
                         .bind(8, event.request_id)
                         .bind(9, event.address)
                         .bind(10, encode_attributes(event.details))
                         .bind_blob(11, hash)
                         .run());
  return record;
}

Result<std::vector<Record>> records(store::Snapshot& snapshot, const Query& query) {
  if (query.limit < 1 || query.limit > kQuerySizeMax) {
    return Error{ErrorCode::invalid_argument, "limit is from 1 to 1000"};
  }
  std::string sql = "SELECT " + record_columns() + " FROM audit_records WHERE number < ?";
  if (!query.actor_id.empty()) sql += " AND actor_id = ?";
  if (!query.action.empty()) sql += " AND action = ?";
  if (!query.object_id.empty()) sql += " AND object_id = ?";
  if (query.after) sql += " AND time > ?";
  if (query.before) sql += " AND time < ?";
  WY_TRY(auto statement, snapshot.prepare(sql + " ORDER BY number DESC LIMIT ?"));
  int at = 1;
  statement.bind(at++, query.below_number > 0 ? query.below_number : INT64_MAX);
  for (const std::string* text : {&query.actor_id, &query.action, &query.object_id}) {
    if (!text->empty()) statement.bind(at++, *text);
  }
  if (query.after) statement.bind(at++, *query.after);
  if (query.before) statement.bind(at++, *query.before);
  statement.bind(at, query.limit);
  std::vector<Record> found;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return found;
    WY_TRY(Record record, read_record(statement));
    found.push_back(std::move(record));
  }
}

Result<Verification> verify(store::Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT " + record_columns() + " FROM audit_records ORDER BY number"));
  Hash before = kNoHash;
  for (std::int64_t number = 1;; ++number) {
    WY_TRY(const bool row, statement.step());
    if (!row) return Verification{.record_count = number - 1, .head = to_hex(before)};
    WY_TRY(const Record record, read_record(statement));
    if (record.number != number) {
      return Error{ErrorCode::corrupt, "audit record " + std::to_string(number) + " is missing"};
    }
    before = chained(before, record);
    if (to_hex(before) != record.hash) {
      return Error{ErrorCode::corrupt,
                   "audit record " + std::to_string(number) + " is not what was written"};
    }
  }
}

}  // namespace wenyuan::audit
