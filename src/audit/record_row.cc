#include "audit/record_row.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::audit {

std::string record_columns() {
  return "number, time, action, outcome, actor_id, key_id, object_id, request_id, address, "
         "details, "
         "hash";
}

Result<Record> read_record(const store::Statement& statement) {
  Record record;
  record.number = statement.integer(0);
  record.time = statement.integer(1);
  const std::string where = "audit record " + std::to_string(record.number);
  Event& event = record.event;
  event.action = statement.text(2);
  const auto known = outcome(statement.text(3));
  if (!known) return Error{ErrorCode::corrupt, where + " has an unknown outcome"};
  event.outcome = *known;
  event.actor_id = statement.text(4);
  event.key_id = statement.text(5);
  event.object_id = statement.text(6);
  event.request_id = statement.text(7);
  event.address = statement.text(8);
  const std::string details = statement.text(9);
  auto decoded = decode_attributes(details);
  // What decodes must be in canonical form too, or an edit could hide in another spelling.
  if (!decoded || encode_attributes(*decoded) != details) {
    return Error{ErrorCode::corrupt, where + " has details that are not in their stored form"};
  }
  event.details = *std::move(decoded);
  record.hash = to_hex(statement.blob(10));
  return record;
}

Result<Head> head(store::Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT number, hash FROM audit_records "
                                          "ORDER BY number DESC LIMIT 1"));
  WY_TRY(const bool found, statement.step());
  Head newest;
  if (!found) return newest;
  newest.number = statement.integer(0);
  const auto bytes = statement.blob(1);
  if (bytes.size() != newest.hash.size()) {
    return Error{ErrorCode::corrupt,
                 "audit record " + std::to_string(newest.number) + " has a broken hash"};
  }
  std::copy(bytes.begin(), bytes.end(), newest.hash.begin());
  return newest;
}

}  // namespace wenyuan::audit
