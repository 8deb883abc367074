#include "audit/log.h"

#include "audit/canonical.h"
#include "audit/chain.h"
#include "audit/record_row.h"
#include "audit/retention.h"
#include "audit/tree.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr int kQuerySizeMax = 1000;

Status insert(store::Transaction& tx, const Record& record) {
  const Event& event = record.event;
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO audit_records (number, time, action, outcome, actor_id, key_id, "
                    "object_id, request_id, address, details, hash, format, class, sealed) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, x'', 2, ?, ?)"));
  return statement.bind(1, record.number)
      .bind(2, record.time)
      .bind(3, event.action)
      .bind(4, name(event.outcome))
      .bind(5, event.actor_id)
      .bind(6, event.key_id)
      .bind(7, event.object_id)
      .bind(8, event.request_id)
      .bind(9, encode_attributes(event.details))
      .bind(10, record.retention_class)
      .bind_blob(
          11, {reinterpret_cast<const std::uint8_t*>(record.sealed.data()), record.sealed.size()})
      .run();
}

// The number of the next record; takes older records over when there is no tree yet.
Result<std::int64_t> next_number(store::Transaction& tx) {
  WY_TRY(std::int64_t size, tree_size(tx));
  if (size == 0) {
    WY_RETURN_IF_ERROR(adopt_chain(tx));
    WY_TRY(size, tree_size(tx));
  }
  return size + 1;
}

Result<Record> append_sealed(store::Transaction& tx, const Vault* vault, const Event& event,
                             UnixMillis now) {
  WY_RETURN_IF_ERROR(check_event(event));
  WY_ASSERT(vault != nullptr || (event.address.empty() && event.personal.empty()));
  Record record;
  WY_TRY(record.number, next_number(tx));
  record.time = now;
  record.retention_class = class_of(event.action);
  if (vault != nullptr) {
    WY_TRY(record.sealed, vault->seal_event(tx, event, record.number, now));
  }
  record.event = event;
  record.event.address.clear();
  record.event.personal.clear();
  const Hash leaf = leaf_of(record);
  record.hash = to_hex(leaf);
  WY_RETURN_IF_ERROR(insert(tx, record));
  WY_RETURN_IF_ERROR(add_leaf(tx, record.number, leaf));
  return record;
}

struct Condition {
  std::string_view sql;
  const std::string& text;
};

}  // namespace

Result<Record> append(store::Transaction& tx, const Vault& vault, const Event& event,
                      UnixMillis now) {
  return append_sealed(tx, &vault, event, now);
}

Result<Record> append(store::Transaction& tx, const Event& event, UnixMillis now) {
  return append_sealed(tx, nullptr, event, now);
}

Status adopt_chain(store::Transaction& tx) {
  WY_TRY(const std::int64_t size, tree_size(tx));
  if (size > 0) return Done{};
  WY_TRY(auto statement,
         tx.prepare("SELECT " + record_columns() + " FROM audit_records ORDER BY number"));
  Hash before = kNoHash;
  for (std::int64_t number = 1;; ++number) {
    WY_TRY(const bool row, statement.step());
    if (!row) return Done{};
    WY_TRY(const Record record, read_record(statement));
    WY_RETURN_IF_ERROR(check_link(record, number, before));
    WY_RETURN_IF_ERROR(add_leaf(tx, number, leaf_of(record)));
  }
}

Result<std::vector<Record>> records(store::Snapshot& snapshot, const Query& query) {
  if (query.limit < 1 || query.limit > kQuerySizeMax) {
    return Error{ErrorCode::invalid_argument, "limit is from 1 to 1000"};
  }
  const std::string outcome_name(query.outcome ? name(*query.outcome) : "");
  const Condition conditions[] = {
      {" AND actor_id = ?", query.actor_id},     {" AND action = ?", query.action},
      {" AND object_id = ?", query.object_id},   {" AND request_id = ?", query.request_id},
      {" AND class = ?", query.retention_class}, {" AND outcome = ?", outcome_name}};
  std::string sql =
      "SELECT " + record_columns() + " FROM audit_records WHERE number < ? AND number > ?";
  for (const Condition& each : conditions) {
    if (!each.text.empty()) sql += each.sql;
  }
  if (query.after) sql += " AND time > ?";
  if (query.before) sql += " AND time < ?";
  sql += query.oldest_first ? " ORDER BY number LIMIT ?" : " ORDER BY number DESC LIMIT ?";
  WY_TRY(auto statement, snapshot.prepare(sql));
  int at = 1;
  statement.bind(at++, query.below_number > 0 ? query.below_number : INT64_MAX);
  statement.bind(at++, query.above_number);
  for (const Condition& each : conditions) {
    if (!each.text.empty()) statement.bind(at++, each.text);
  }
  if (query.after) statement.bind(at++, *query.after);
  if (query.before) statement.bind(at++, *query.before);
  statement.bind(at, query.limit);
  std::vector<Record> found;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return found;
    WY_TRY(Record each, read_record(statement));
    found.push_back(std::move(each));
  }
}

Result<Record> record(store::Snapshot& snapshot, std::int64_t number) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT " + record_columns() + " FROM audit_records WHERE number = ?"));
  WY_TRY(const bool found, statement.bind(1, number).step());
  if (!found) return Error{ErrorCode::not_found, "there is no such audit record"};
  return read_record(statement);
}

}  // namespace wenyuan::audit
