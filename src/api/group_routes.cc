// Groups, who is in them, and who is in them through other groups.
#include <algorithm>

#include "api/call.h"
#include "api/once.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kMembersMax = 10'000;

Result<Json> group_json(store::Snapshot& snapshot, const auth::Group& group) {
  WY_TRY(const auto members, auth::members(snapshot, group.id));
  Json json = to_json(group);
  json["members"] = members;
  WY_TRY(json["groups"], auth::direct_groups_of(snapshot, group.id));
  return json;
}

Result<http::Response> list_groups(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::directory_read));
  const store::Page page = call.page();
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto groups, auth::groups(snapshot));
    Json json;
    json["data"] = Json::array();
    json["next_cursor"] = nullptr;
    // By name; the cursor is the id of the last one seen.
    auto at = groups.begin();
    if (!page.cursor.empty()) {
      at = std::ranges::find(groups, page.cursor, &auth::Group::id);
      if (at == groups.end()) return Error{ErrorCode::invalid_argument, "This cursor has ended"};
      ++at;
    }
    for (; at != groups.end(); ++at) {
      if (json["data"].size() == static_cast<std::size_t>(page.limit)) {
        json["next_cursor"] = json["data"].back()["id"];
        break;
      }
      WY_TRY(Json one, group_json(snapshot, *at));
      json["data"].push_back(std::move(one));
    }
    return json_response(200, json);
  });
}

std::vector<std::string> read_members(ObjectReader& reader) {
  return reader.maybe_texts("members", kMembersMax, {1, 64}).value_or(std::vector<std::string>());
}

Status set_members(store::Transaction& tx, const std::string& group_id,
                   const std::vector<std::string>& wanted) {
  const Status set = auth::set_members(tx, group_id, wanted);
  if (set || set.error().code != ErrorCode::not_found) return set;
  return Error{ErrorCode::invalid_argument, "/members: " + set.error().message};
}

Result<http::Response> add_group(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::groups_manage));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::Group group;
  group.name = reader.text("name", {1, 256});
  group.description = reader.maybe_text("description", {0, 1024}).value_or("");
  const auto members = read_members(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return write_once(call, call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::Group added, auth::add_group(tx, group, call.now));
    WY_RETURN_IF_ERROR(set_members(tx, added.id, members));
    call.note_object(added.id);
    call.note("members", static_cast<std::int64_t>(members.size()));
    WY_RETURN_IF_ERROR(call.record(tx, "group.add"));
    WY_TRY(const Json json, group_json(tx, added));
    http::Response response = json_response(201, json);
    response.headers.set("Location", "/v1/groups/" + added.id);
    return response;
  });
}

Result<http::Response> get_group(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::directory_read));
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::Group group, auth::group(snapshot, id));
    WY_TRY(const Json json, group_json(snapshot, group));
    return tagged_response(call, json);
  });
}

Result<http::Response> change_group(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::groups_manage));
  const std::string& id = call.request.parameter("id");
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const auto name = reader.maybe_text("name", {1, 256});
  const auto description = reader.maybe_text("description", {0, 1024});
  const bool has_members = reader.has("members");
  const auto members = read_members(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(auth::Group group, auth::group(tx, id));
    WY_TRY(const Json before, group_json(tx, group));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(before))));
    group.name = name.value_or(group.name);
    group.description = description.value_or(group.description);
    WY_TRY(const auth::Group changed, auth::update_group(tx, group, call.now));
    if (has_members) WY_RETURN_IF_ERROR(set_members(tx, id, members));
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "group.change"));
    WY_TRY(const Json after, group_json(tx, changed));
    return tagged_response(call, after);
  });
}

Result<http::Response> remove_group(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::groups_manage));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::remove_group(tx, id, call.services.policies->access_attributes()));
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "group.remove"));
    return no_content();
  });
}

Result<http::Response> list_users_in(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::directory_read));
  const std::string& id = call.request.parameter("id");
  const store::Page page = call.page();
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(auto users, auth::users_in(snapshot, id, page.cursor, page.limit + 1));
    const bool more = users.size() > static_cast<std::size_t>(page.limit);
    if (more) users.pop_back();
    const std::string next = more ? users.back() : std::string();
    return json_response(200, list_json(users, next, [](const std::string& one) { return one; }));
  });
}

Result<http::Response> add_member(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::groups_manage));
  const std::string& id = call.request.parameter("id");
  const std::string& member_id = call.request.parameter("member_id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::add_member(tx, id, member_id));
    call.note_object(id);
    call.note("member", member_id);
    WY_RETURN_IF_ERROR(call.record(tx, "group.member_add"));
    return no_content();
  });
}

Result<http::Response> remove_member(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::groups_manage));
  const std::string& id = call.request.parameter("id");
  const std::string& member_id = call.request.parameter("member_id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::remove_member(tx, id, member_id));
    call.note_object(id);
    call.note("member", member_id);
    WY_RETURN_IF_ERROR(call.record(tx, "group.member_remove"));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/groups", .handler = list_groups, .action = "group.list"},
    {.method = "POST", .path = "/v1/groups", .handler = add_group, .body = Body::json},
    {.method = "GET", .path = "/v1/groups/{id}", .handler = get_group, .action = "group.read"},
    {.method = "PATCH", .path = "/v1/groups/{id}", .handler = change_group, .body = Body::json},
    {.method = "DELETE", .path = "/v1/groups/{id}", .handler = remove_group},
    {.method = "GET",
     .path = "/v1/groups/{id}/users",
     .handler = list_users_in,
     .action = "group.read"},
    {.method = "PUT", .path = "/v1/groups/{id}/members/{member_id}", .handler = add_member},
    {.method = "DELETE", .path = "/v1/groups/{id}/members/{member_id}", .handler = remove_member},
};

}  // namespace

std::span<const Route> group_routes() { return kRoutes; }

}  // namespace wenyuan::api
