// Break-glass: asking for it, the second person, its end, and what its owner sees of it.
#include "api/call.h"
#include "api/once.h"
#include "api/wire.h"
#include "auth/break_glass.h"

namespace wenyuan::api {
namespace {

using auth::Duty;

Json person_json(const std::string& id, const std::string& username) {
  if (id.empty()) return nullptr;
  return {{"id", id}, {"username", username}};
}

Json to_json(const auth::BreakGlass& row, UnixMillis now) {
  Json json;
  json["id"] = row.id;
  json["state"] = auth::name(row.state(now));
  json["user_id"] = row.owner_id;
  json["collection_id"] = text_or_null(row.collection_id);
  json["reason"] = row.reason;
  json["duration_seconds"] = row.duration_ms / 1000;
  json["requester"] = person_json(row.requester_id, row.requester_name);
  json["approver"] = person_json(row.approver_id, row.approver_name);
  json["requested_at"] = rfc3339(row.requested_at);
  json["approved_at"] = time_or_null(row.approved_at);
  json["expires_at"] = time_or_null(row.expires_at);
  json["ended_at"] = time_or_null(row.ended_at);
  json["ended_by"] = text_or_null(row.ended_by);
  json["reads"] = row.reads;
  return json;
}

Json to_json(const auth::BreakGlassRead& read) {
  Json json;
  json["at"] = rfc3339(read.at);
  json["request"] = read.request;
  json["object_id"] = text_or_null(read.object_id);
  json["request_id"] = read.request_id;
  return json;
}

// Both names and the reason; what people are called, and wrote, is sealed.
void note_access(Call& call, const auth::BreakGlass& row) {
  call.note_object(row.id);
  call.note("owner", row.owner_id);
  call.note("requester", row.requester_id);
  if (!row.collection_id.empty()) call.note("collection", row.collection_id);
  call.note("seconds", row.duration_ms / 1000);
  call.note_personal("reason", row.reason, {row.requester_id});
  call.note_personal("requester_name", row.requester_name, {row.requester_id});
  if (row.approver_id.empty()) return;
  call.note("approver", row.approver_id);
  call.note_personal("approver_name", row.approver_name, {row.approver_id});
}

Result<http::Response> request_access(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::BreakGlass wanted;
  wanted.owner_id = reader.text("user_id", {1, 64});
  wanted.collection_id = reader.maybe_text("collection_id", {1, 64}).value_or("");
  wanted.reason = reader.text("reason", {10, 1024});
  const auto seconds = reader.maybe_integer("duration_seconds", auth::kBreakGlassMsMin / 1000,
                                            auth::kBreakGlassMsMax / 1000);
  wanted.duration_ms = seconds.value_or(60 * 60) * 1000;
  WY_RETURN_IF_ERROR(call.require(Duty::break_glass_request));
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return write_once(call, call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
    const auto made = auth::request_break_glass(tx, call.principal, wanted, call.now);
    if (!made && made.error().code == ErrorCode::not_found) {
      return Error{ErrorCode::invalid_argument, "/user_id: there is no such user"};
    }
    if (!made) return made.error();
    note_access(call, *made);
    WY_RETURN_IF_ERROR(call.record(tx, "break_glass.request"));
    http::Response response = json_response(201, to_json(*made, call.now));
    response.headers.set("Location", "/v1/break-glass/" + made->id);
    return response;
  });
}

Result<http::Response> approve(Call& call) {
  WY_RETURN_IF_ERROR(call.require(Duty::break_glass_approve));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::BreakGlass row, auth::approve_break_glass(tx, call.principal, id, call.now));
    note_access(call, row);
    WY_RETURN_IF_ERROR(call.record(tx, "break_glass.approve"));
    return json_response(200, to_json(row, call.now));
  });
}

Result<http::Response> end(Call& call) {
  if (!call.principal.may(Duty::break_glass_request)) {
    WY_RETURN_IF_ERROR(call.require(Duty::break_glass_approve));
  }
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::BreakGlass row, auth::end_break_glass(tx, call.principal, id, call.now));
    note_access(call, row);
    WY_RETURN_IF_ERROR(call.record(tx, "break_glass.end"));
    return json_response(200, to_json(row, call.now));
  });
}

// All of it for those who approve or look; who only asks sees their own.
Result<auth::BreakGlassFilter> filter_of(const Call& call) {
  auth::BreakGlassFilter filter;
  if (call.principal.may(Duty::break_glass_read) || call.principal.may(Duty::break_glass_approve)) {
    return filter;
  }
  WY_RETURN_IF_ERROR(call.require(Duty::break_glass_request));
  filter.requester_id = call.principal.user_id;
  return filter;
}

Result<http::Response> list(Call& call, const auth::BreakGlassFilter& filter) {
  const store::Page page = call.page();
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto listing, auth::break_glass_list(snapshot, filter, page));
    return json_response(
        200, list_json(listing.items, listing.next_cursor,
                       [&](const auth::BreakGlass& row) { return to_json(row, call.now); }));
  });
}

Result<http::Response> list_all(Call& call) {
  WY_TRY(const auth::BreakGlassFilter filter, filter_of(call));
  return list(call, filter);
}

Result<auth::BreakGlass> visible_access(Call& call, store::Snapshot& snapshot,
                                        const std::string& id) {
  WY_TRY(const auth::BreakGlassFilter filter, filter_of(call));
  WY_TRY(auth::BreakGlass row, auth::break_glass(snapshot, id));
  if (filter.requester_id.empty() || filter.requester_id == row.requester_id) return row;
  return Error{ErrorCode::not_found, "There is no such break-glass request"};
}

Result<http::Response> get_one(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::BreakGlass row, visible_access(call, snapshot, id));
    return json_response(200, to_json(row, call.now));
  });
}

template <class Find>
Result<http::Response> list_reads(Call& call, Find find) {
  const std::string& id = call.request.parameter("id");
  const store::Page page = call.page();
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::BreakGlass row, find(snapshot, id));
    WY_TRY(const auto listing, auth::break_glass_reads(snapshot, row.id, page));
    return json_response(200,
                         list_json(listing.items, listing.next_cursor,
                                   [](const auth::BreakGlassRead& read) { return to_json(read); }));
  });
}

Result<http::Response> list_all_reads(Call& call) {
  return list_reads(call, [&](store::Snapshot& snapshot, const std::string& id) {
    return visible_access(call, snapshot, id);
  });
}

// --- what the owner sees: no duty, no scope and nobody's leave is needed for it

Result<http::Response> list_mine(Call& call) {
  auth::BreakGlassFilter filter;
  filter.owner_id = call.principal.user_id;
  filter.approved_only = true;
  return list(call, filter);
}

Result<http::Response> list_my_reads(Call& call) {
  return list_reads(
      call, [&](store::Snapshot& snapshot, const std::string& id) -> Result<auth::BreakGlass> {
        const auto row = auth::break_glass(snapshot, id);
        if (!row && row.error().code != ErrorCode::not_found) return row.error();
        if (row && row->owner_id == call.principal.user_id && row->approved_at) return *row;
        return Error{ErrorCode::not_found, "There is no such access"};
      });
}

constexpr Route kRoutes[] = {
    {.method = "POST", .path = "/v1/break-glass", .handler = request_access, .body = Body::json},
    {.method = "GET", .path = "/v1/break-glass", .handler = list_all, .action = "break_glass.list"},
    {.method = "GET",
     .path = "/v1/break-glass/{id}",
     .handler = get_one,
     .action = "break_glass.read"},
    {.method = "GET",
     .path = "/v1/break-glass/{id}/reads",
     .handler = list_all_reads,
     .action = "break_glass.read"},
    {.method = "POST", .path = "/v1/break-glass/{id}/approve", .handler = approve},
    {.method = "POST", .path = "/v1/break-glass/{id}/end", .handler = end},
    {.method = "GET",
     .path = "/v1/me/break-glass",
     .handler = list_mine,
     .action = "break_glass.list"},
    {.method = "GET",
     .path = "/v1/me/break-glass/{id}/reads",
     .handler = list_my_reads,
     .action = "break_glass.read"},
};

}  // namespace

std::span<const Route> break_glass_routes() { return kRoutes; }

}  // namespace wenyuan::api
