#include "audit/canonical.h"

#include "base/bytes.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kHead1 = "wenyuan audit record 1";
constexpr std::string_view kHead2 = "wenyuan audit record 2";
// Ids and action names are far shorter; a client's own request id may try to be longer.
constexpr std::size_t kFieldSizeMax = 512;

Error not_canonical() {
  return Error{ErrorCode::corrupt, "these are not the canonical bytes of an audit record"};
}

// Takes texts one after another; what is missing is found at the end.
class FieldReader {
 public:
  explicit FieldReader(ByteReader& reader) : reader_(reader) {}
  std::string text() { return std::string(reader_.text().value_or("")); }
  void texts(std::initializer_list<std::string*> targets) {
    for (std::string* target : targets) *target = text();
  }

 private:
  ByteReader& reader_;
};

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

Status check_event(const Event& event) {
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

std::string canonical(const Record& record) {
  WY_ASSERT(record.format == 1 || record.format == 2);
  const Event& event = record.event;
  ByteWriter writer;
  writer.put(record.format == 1 ? kHead1 : kHead2);
  writer.put(record.number);
  writer.put(record.time);
  writer.put(std::string_view(event.action));
  writer.put(name(event.outcome));
  if (record.format == 2) writer.put(std::string_view(record.retention_class));
  for (const std::string* id :
       {&event.actor_id, &event.key_id, &event.object_id, &event.request_id}) {
    writer.put(std::string_view(*id));
  }
  if (record.format == 1) writer.put(std::string_view(event.address));
  writer.put(std::string_view(encode_attributes(event.details)));
  if (record.format == 2) writer.put(std::string_view(record.sealed));
  return writer.take();
}

Result<Record> decode_canonical(std::string_view bytes) {
  ByteReader reader(bytes);
  FieldReader fields(reader);
  Record record;
  const std::string head = fields.text();
  if (head != kHead1 && head != kHead2) return not_canonical();
  record.format = head == kHead1 ? 1 : 2;
  record.number = reader.number<std::int64_t>().value_or(0);
  record.time = reader.number<std::int64_t>().value_or(0);
  Event& event = record.event;
  std::string outcome_name, details;
  fields.texts({&event.action, &outcome_name});
  if (record.format == 2) record.retention_class = fields.text();
  fields.texts({&event.actor_id, &event.key_id, &event.object_id, &event.request_id});
  if (record.format == 1) event.address = fields.text();
  details = fields.text();
  if (record.format == 2) record.sealed = fields.text();
  const auto known = outcome(outcome_name);
  auto decoded = decode_attributes(details);
  if (!reader.at_end() || !known || !decoded || record.number < 1) return not_canonical();
  event.outcome = *known;
  event.details = *std::move(decoded);
  if (!check_event(event) || canonical(record) != bytes) return not_canonical();
  record.hash = to_hex(leaf_hash(bytes));
  return record;
}

Hash leaf_of(const Record& record) { return leaf_hash(canonical(record)); }

}  // namespace wenyuan::audit
