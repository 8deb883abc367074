#include "api/call.h"
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

Result<http::Response> list_events(Call& call) {
  WY_RETURN_IF_ERROR(call.require_any_role("auditor", "admin"));
  audit::Query query;
  query.actor_id = call.query_text("actor_id");
  query.action = call.query_text("action");
  query.object_id = call.query_text("object_id");
  query.after = query_time(call, "after");
  query.before = query_time(call, "before");
  // Newest first; the cursor is the number of the last one seen.
  query.below_number = call.query_integer("cursor", 0, 1, INT64_MAX);
  const auto limit = call.query_integer("limit", 50, 1, 200);
  query.limit = static_cast<int>(limit) + 1;  // one more, to know whether there is a next page
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(auto records, audit::records(snapshot, query));
    std::string next;
    if (records.size() > static_cast<std::size_t>(limit)) {
      records.pop_back();
      next = std::to_string(records.back().number);
    }
    call.note("count", static_cast<std::int64_t>(records.size()));
    return json_response(
        200, list_json(records, next, [](const audit::Record& record) { return to_json(record); }));
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/audit/events", .handler = list_events, .action = "audit.read"},
};

}  // namespace

std::span<const Route> audit_routes() { return kRoutes; }

}  // namespace wenyuan::api
