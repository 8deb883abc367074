// Roles, and the duties that they are made of.
#include "api/call.h"
#include "api/once.h"
#include "api/wire.h"
#include "auth/roles.h"

namespace wenyuan::api {
namespace {

Result<Json> role_json(store::Snapshot& snapshot, const auth::Role& role) {
  WY_TRY(const std::int64_t holders, auth::role_holders(snapshot, role.name));
  Json json;
  json["name"] = role.name;
  json["description"] = role.description;
  json["duties"] = role.duties.names();
  json["built_in"] = role.built_in;
  json["holders"] = holders;
  json["created_at"] = role.built_in ? Json(nullptr) : Json(rfc3339(role.created_at));
  json["updated_at"] = role.built_in ? Json(nullptr) : Json(rfc3339(role.updated_at));
  return json;
}

std::optional<auth::DutySet> read_duties(ObjectReader& reader) {
  const auto names = reader.maybe_texts("duties", auth::kDutyCount, {1, 64});
  if (!names) return std::nullopt;
  auth::DutySet duties;
  for (const std::string& name : *names) {
    const auto known = auth::duty(name);
    if (!known) reader.complain("duties", "there is no duty " + name);
    if (known) duties.add(*known);
  }
  return duties;
}

Result<http::Response> list_duties(Call&) {
  Json json;
  json["data"] = Json::array();
  json["next_cursor"] = nullptr;
  for (const std::string& name : auth::DutySet::all().names()) {
    json["data"].push_back({{"name", name}, {"description", description(*auth::duty(name))}});
  }
  return json_response(200, json);
}

Result<http::Response> list_roles(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::directory_read));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto roles, auth::roles(snapshot));
    Json json;
    json["data"] = Json::array();
    for (const auth::Role& role : roles) {
      WY_TRY(Json one, role_json(snapshot, role));
      json["data"].push_back(std::move(one));
    }
    json["next_cursor"] = nullptr;
    return json_response(200, json);
  });
}

Result<http::Response> get_role(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::directory_read));
  const std::string& id = call.request.parameter("id");
  call.note("role", id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::Role role, auth::role(snapshot, id));
    WY_TRY(const Json json, role_json(snapshot, role));
    return tagged_response(call, json);
  });
}

Result<http::Response> add_role(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::roles_manage));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::Role role;
  role.name = reader.text("name", {1, 64});
  role.description = reader.maybe_text("description", {0, 1024}).value_or("");
  role.duties = read_duties(reader).value_or(auth::DutySet());
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return write_once(call, call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::check_shapes_role(tx, call.principal, role));
    WY_TRY(const auth::Role added, auth::add_role(tx, role, call.now));
    call.note("role", added.name);
    call.note("duties", added.duties.names());
    WY_RETURN_IF_ERROR(call.record(tx, "role.add"));
    WY_TRY(const Json json, role_json(tx, added));
    http::Response response = json_response(201, json);
    response.headers.set("Location", "/v1/roles/" + added.name);
    return response;
  });
}

Result<http::Response> change_role(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::roles_manage));
  const std::string& id = call.request.parameter("id");
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const auto description = reader.maybe_text("description", {0, 1024});
  const auto duties = read_duties(reader);
  reader.refuse("name", "cannot be changed");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(auth::Role role, auth::role(tx, id));
    WY_TRY(const Json before, role_json(tx, role));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(before))));
    role.description = description.value_or(role.description);
    role.duties = duties.value_or(role.duties);
    WY_RETURN_IF_ERROR(auth::check_shapes_role(tx, call.principal, role));
    WY_TRY(const auth::Role changed, auth::update_role(tx, role, call.now));
    call.note("role", id);
    call.note("duties", changed.duties.names());
    WY_RETURN_IF_ERROR(call.record(tx, "role.change"));
    WY_TRY(const Json after, role_json(tx, changed));
    return tagged_response(call, after);
  });
}

Result<http::Response> remove_role(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::roles_manage));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::Role role, auth::role(tx, id));
    WY_RETURN_IF_ERROR(auth::check_hands_on(call.principal, role.duties));
    WY_RETURN_IF_ERROR(auth::remove_role(tx, id));
    call.note("role", id);
    WY_RETURN_IF_ERROR(call.record(tx, "role.remove"));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/duties", .handler = list_duties, .action = "role.list"},
    {.method = "GET", .path = "/v1/roles", .handler = list_roles, .action = "role.list"},
    {.method = "POST", .path = "/v1/roles", .handler = add_role, .body = Body::json},
    {.method = "GET", .path = "/v1/roles/{id}", .handler = get_role, .action = "role.read"},
    {.method = "PATCH", .path = "/v1/roles/{id}", .handler = change_role, .body = Body::json},
    {.method = "DELETE", .path = "/v1/roles/{id}", .handler = remove_role},
};

}  // namespace

std::span<const Route> role_routes() { return kRoutes; }

}  // namespace wenyuan::api
