#include "api/access.h"
#include "api/call.h"
#include "api/once.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

Json to_json(const auth::Grant& grant) {
  Json json;
  json["id"] = grant.id;
  json["principal"] = grant.principal_id;
  json["role"] = auth::name(grant.role);
  json["resource"] = grant.resource_id;
  json["created_at"] = rfc3339(grant.created_at);
  return json;
}

// Grants on something are for those to see and change who may manage it.
Status require_manager(Call& call, store::Snapshot& snapshot, const std::string& resource) {
  WY_TRY(const Permit permit, call.permit(snapshot, Action::manage));
  if (resource.starts_with("col_")) return require_collection(call, snapshot, permit, resource);
  if (store::document(snapshot, permit, resource)) return Done{};
  const auto readable = readable_document(call, snapshot, resource);
  if (!readable) return readable.error();
  return Error{ErrorCode::forbidden, "You may not manage this document"};
}

Result<http::Response> list_grants(Call& call) {
  const std::string resource = call.query_text("resource");
  if (resource.empty()) call.field_errors.push_back({"?resource", "is missing"});
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note_object(resource);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(require_manager(call, snapshot, resource));
    WY_TRY(const auto grants, call.services.policies->grants(snapshot, resource));
    return json_response(
        200, list_json(grants, "", [](const auth::Grant& grant) { return to_json(grant); }));
  });
}

Result<http::Response> add_grant(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::Grant grant;
  grant.principal_id = reader.text("principal", {1, 64});
  grant.resource_id = reader.text("resource", {1, 64});
  const auto role = auth::grant_role(reader.text("role", {1, 32}));
  if (!role && reader.has("role")) reader.complain("role", "must be reader, editor or owner");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  grant.role = *role;
  return write_once(call, call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(require_manager(call, tx, grant.resource_id));
    auto added = call.services.policies->add_grant(tx, grant, call.now);
    // The resource is known by now, so what is missing is the user or group.
    if (!added && added.error().code == ErrorCode::not_found) {
      return Error{ErrorCode::invalid_argument, "/principal: there is no such user or group"};
    }
    if (!added) return added.error();
    call.note_object(added->resource_id);
    call.note("grant", added->id);
    call.note("to", added->principal_id);
    call.note("role", std::string(auth::name(added->role)));
    WY_RETURN_IF_ERROR(call.record(tx, "grant.add"));
    return json_response(201, to_json(*added));
  });
}

Result<http::Response> remove_grant(Call& call) {
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    const auto grant = auth::grant(tx, id);
    if (!grant && grant.error().code != ErrorCode::not_found) return grant.error();
    // Who may not manage the resource learns nothing about its grants, not even that it exists; one
    // that is absent takes as long.
    if (const Status manager = require_manager(call, tx, grant ? grant->resource_id : id);
        !manager) {
      if (manager.error().code != ErrorCode::forbidden) return manager.error();
      return Error{ErrorCode::not_found, "There is no such grant"};
    }
    if (!grant) return grant.error();
    WY_RETURN_IF_ERROR(call.services.policies->remove_grant(tx, id));
    call.note_object(grant->resource_id);
    call.note("grant", id);
    call.note("to", grant->principal_id);
    WY_RETURN_IF_ERROR(call.record(tx, "grant.remove"));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/grants", .handler = list_grants, .action = "grant.list"},
    {.method = "POST", .path = "/v1/grants", .handler = add_grant, .body = Body::json},
    {.method = "DELETE", .path = "/v1/grants/{id}", .handler = remove_grant},
};

}  // namespace

std::span<const Route> grant_routes() { return kRoutes; }

}  // namespace wenyuan::api
