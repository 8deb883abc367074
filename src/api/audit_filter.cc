#include "api/audit_filter.h"

#include "api/wire.h"

namespace wenyuan::api {
namespace {

std::optional<UnixMillis> query_time(Call& call, const std::string& name) {
  const std::string text = call.query_text(name);
  if (text.empty()) return std::nullopt;
  auto time = parse_rfc3339(text);
  if (!time) call.field_errors.push_back({"?" + name, "must be a time like 2026-01-31T00:00:00Z"});
  return time;
}

}  // namespace

Status require_audit_reader(const Call& call, bool personal) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::audit_read));
  return personal ? call.require(auth::Duty::audit_read_personal) : Status(Done{});
}

audit::Query read_audit_filter(Call& call) {
  audit::Query query;
  query.actor_id = call.query_text("actor_id");
  query.action = call.query_text("action");
  query.object_id = call.query_text("object_id");
  query.request_id = call.query_text("request_id");
  query.retention_class = call.query_text("class");
  if (const std::string text = call.query_text("outcome"); !text.empty()) {
    query.outcome = audit::outcome(text);
    if (!query.outcome) {
      call.field_errors.push_back({"?outcome", "must be allowed, refused or failed"});
    }
  }
  query.after = query_time(call, "after");
  query.before = query_time(call, "before");
  return query;
}

Json audit_json(const audit::Record& record, const audit::Opened* opened) {
  Json json = to_json(record);
  json["personal"] = nullptr;
  json["erased"] = opened != nullptr && opened->erased;
  if (opened == nullptr) return json;
  json["personal"] = Json::object();
  for (const audit::OpenPart& part : opened->parts) {
    for (const auto& [name, text] : part.fields) json["personal"][name] = text;
  }
  if (json["personal"].contains("address")) json["address"] = json["personal"]["address"];
  return json;
}

}  // namespace wenyuan::api
