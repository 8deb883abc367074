// Links of templates: who or what stands in the place of ?principal and ?resource.
#include <algorithm>

#include "api/call.h"
#include "api/once.h"
#include "api/policy_json.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

Json to_json(const auth::PolicyLink& link) {
  Json json;
  json["id"] = link.id;
  json["policy_id"] = link.policy_id;
  add_slot_values(json, link.values);
  json["created_at"] = rfc3339(link.created_at);
  return json;
}

void note_values(Call& call, const auth::cedar::SlotValues& values) {
  if (values.principal) call.note("principal", auth::cedar::to_text(*values.principal));
  if (values.resource) call.note("resource", auth::cedar::to_text(*values.resource));
}

Result<auth::PolicyLink> find_link(Call& call, store::Snapshot& snapshot) {
  WY_TRY(const auto links, call.services.policies->links(snapshot, call.request.parameter("id")));
  const auto found =
      std::ranges::find(links, call.request.parameter("link_id"), &auth::PolicyLink::id);
  if (found == links.end()) return Error{ErrorCode::not_found, "the policy has no such link"};
  return *found;
}

Result<http::Response> list_links(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto links, call.services.policies->links(snapshot, id));
    return json_response(
        200, list_json(links, "", [](const auth::PolicyLink& link) { return to_json(link); }));
  });
}

Result<http::Response> get_link(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  call.note_object(call.request.parameter("id"));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::PolicyLink link, find_link(call, snapshot));
    return tagged_response(call, to_json(link));
  });
}

Result<http::Response> add_link(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_manage));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::PolicyLink link;
  link.policy_id = call.request.parameter("id");
  link.values = read_slot_values(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return write_once(
      call, link.policy_id + call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
        WY_TRY(const auth::PolicyLink added, call.services.policies->add_link(tx, link, call.now));
        call.note_object(added.policy_id);
        call.note("link", added.id);
        note_values(call, added.values);
        WY_RETURN_IF_ERROR(call.record(tx, "policy.link"));
        http::Response response = json_response(201, to_json(added));
        response.headers.set("Location", "/v1/policies/" + added.policy_id + "/links/" + added.id);
        return response;
      });
}

Result<http::Response> remove_link(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_manage));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::PolicyLink link, find_link(call, tx));
    WY_RETURN_IF_ERROR(call.services.policies->remove_link(tx, link.policy_id, link.id));
    call.note_object(link.policy_id);
    call.note("link", link.id);
    note_values(call, link.values);
    WY_RETURN_IF_ERROR(call.record(tx, "policy.unlink"));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/policies/{id}/links",
     .handler = list_links,
     .action = "policy.read"},
    {.method = "POST", .path = "/v1/policies/{id}/links", .handler = add_link, .body = Body::json},
    {.method = "GET",
     .path = "/v1/policies/{id}/links/{link_id}",
     .handler = get_link,
     .action = "policy.read"},
    {.method = "DELETE", .path = "/v1/policies/{id}/links/{link_id}", .handler = remove_link},
};

}  // namespace

std::span<const Route> policy_link_routes() { return kRoutes; }

}  // namespace wenyuan::api
