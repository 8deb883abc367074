#include "api/call.h"
#include "api/once.h"
#include "api/policy_json.h"
#include "api/wire.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

Json to_json(const auth::Policy& policy) {
  Json json;
  json["id"] = policy.id;
  json["name"] = policy.name;
  json["text"] = policy.text;
  json["description"] = policy.description;
  json["slots"] = Json::array();
  for (const std::string_view slot : split(policy.slots, ' ')) {
    if (!slot.empty()) json["slots"].push_back(slot);
  }
  json["version"] = policy.version;
  json["created_at"] = rfc3339(policy.created_at);
  json["updated_at"] = rfc3339(policy.updated_at);
  return json;
}

// What it does as long as it does not fit the attributes that are declared now.
void add_error(Json& json, const std::vector<auth::UnreadablePolicy>& unreadable) {
  for (const auth::UnreadablePolicy& one : unreadable) {
    if (one.id != json["id"].get<std::string>()) continue;
    json["error"] = one.error;
    json["until_changed"] = one.denies_everything ? "denies everything" : "gives nothing";
  }
}

auth::Policy read_policy(ObjectReader& reader) {
  auth::Policy policy;
  policy.name = reader.text("name", {1, 256});
  policy.text = read_policy_text(reader);
  policy.description = reader.maybe_text("description", {0, 1024}).value_or("");
  return policy;
}

Result<http::Response> list_policies(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto policies, call.services.policies->policies(snapshot));
    WY_TRY(const auto unreadable, call.services.policies->unreadable(snapshot));
    return json_response(200, list_json(policies, "", [&](const auth::Policy& policy) {
                           Json json = to_json(policy);
                           add_error(json, unreadable);
                           return json;
                         }));
  });
}

Result<http::Response> add_policy(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_manage));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const auth::Policy policy = read_policy(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return write_once(call, call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::Policy added, call.services.policies->add_policy(tx, policy, call.now));
    call.note_object(added.id);
    WY_RETURN_IF_ERROR(call.record(tx, "policy.add"));
    http::Response response = json_response(201, to_json(added));
    response.headers.set("Location", "/v1/policies/" + added.id);
    return response;
  });
}

Result<http::Response> get_policy(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::Policy policy, call.services.policies->policy(snapshot, id));
    return tagged_response(call, to_json(policy));
  });
}

Result<http::Response> replace_policy(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_manage));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::Policy policy = read_policy(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  policy.id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::Policy before, call.services.policies->policy(tx, policy.id));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(to_json(before)))));
    WY_TRY(const auth::Policy after, call.services.policies->update_policy(tx, policy, call.now));
    call.note_object(after.id);
    call.note("version", after.version);
    WY_RETURN_IF_ERROR(call.record(tx, "policy.change"));
    return tagged_response(call, to_json(after));
  });
}

Result<http::Response> remove_policy(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_manage));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const std::int64_t links, call.services.policies->remove_policy(tx, id));
    call.note_object(id);
    if (links > 0) call.note("links", links);
    WY_RETURN_IF_ERROR(call.record(tx, "policy.remove"));
    return no_content();
  });
}

Result<http::Response> list_versions(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto versions, call.services.policies->policy_versions(snapshot, id));
    return json_response(
        200, list_json(versions, "", [](const auth::Policy& policy) { return to_json(policy); }));
  });
}

// Why may (or may not) somebody do something? Reasons name policies and grants, so the question is
// for administrators and auditors.
Result<http::Response> check_policies(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string who = reader.text("principal", {1, 64});
  const std::string resource = reader.text("resource", {1, 64});
  const Action action = read_action(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note_object(resource);
  call.note("principal", who);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    const auto principal = call.services.identities->principal(snapshot, who);
    if (!principal) {
      if (principal.error().code != ErrorCode::not_found) return principal.error();
      return Error{ErrorCode::invalid_argument, "/principal: there is no such enabled user"};
    }
    WY_TRY(const auth::Decision decision,
           call.services.policies->check(snapshot, *principal, action, resource));
    Json json;
    json["decision"] = decision.allowed ? "allow" : "deny";
    json["reasons"] = decision.reasons;
    json["errors"] = decision.errors;
    return json_response(200, json);
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/policies", .handler = list_policies, .action = "policy.list"},
    {.method = "POST", .path = "/v1/policies", .handler = add_policy, .body = Body::json},
    {.method = "GET", .path = "/v1/policies/{id}", .handler = get_policy, .action = "policy.read"},
    {.method = "PUT", .path = "/v1/policies/{id}", .handler = replace_policy, .body = Body::json},
    {.method = "DELETE", .path = "/v1/policies/{id}", .handler = remove_policy},
    {.method = "GET",
     .path = "/v1/policies/{id}/versions",
     .handler = list_versions,
     .action = "policy.read"},
    {.method = "POST",
     .path = "/v1/policies/check",
     .handler = check_policies,
     .action = "policy.check",
     .body = Body::json},
};

}  // namespace

std::span<const Route> policy_routes() { return kRoutes; }

}  // namespace wenyuan::api
