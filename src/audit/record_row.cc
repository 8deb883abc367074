#include "audit/record_row.h"

#include "audit/canonical.h"
#include "base/text.h"

namespace wenyuan::audit {

std::string record_columns() {
  return "number, time, action, outcome, actor_id, key_id, object_id, request_id, address, "
         "details, hash, format, class, sealed";
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
  const std::int64_t format = statement.integer(11);
  record.retention_class = statement.text(12);
  const auto sealed = statement.blob(13);
  record.sealed.assign(sealed.begin(), sealed.end());
  record.format = format == 1 ? 1 : 2;
  const bool other_columns_empty = format == 1
                                       ? record.retention_class.empty() && sealed.empty()
                                       : event.address.empty() && statement.blob(10).empty();
  if ((format != 1 && format != 2) || !other_columns_empty) {
    return Error{ErrorCode::corrupt, where + " is not in its stored form"};
  }
  if (format == 1) record.chain_hash = to_hex(statement.blob(10));
  record.hash = to_hex(leaf_of(record));
  return record;
}

}  // namespace wenyuan::audit
