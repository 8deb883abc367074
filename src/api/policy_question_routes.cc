// Who can see what, and what a change of policies would do: for those who answer for access.
#include <algorithm>
#include <iterator>
#include <utility>

#include "api/call.h"
#include "api/policy_json.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kChangesMax = 100;
constexpr std::size_t kShownMax = 1000;  // users

Result<http::Response> who_can_see(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string resource = reader.text("resource", {1, 64});
  const Action action = read_action(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note_object(resource);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto users, call.services.policies->who_can(snapshot, action, resource));
    Json json;
    json["count"] = users.size();
    json["users"] = Json::array();
    for (std::size_t i = 0; i < std::min(users.size(), kShownMax); ++i) {
      json["users"].push_back({{"id", users[i].id}, {"username", users[i].username}});
    }
    return json_response(200, json);
  });
}

Result<http::Response> what_can_see(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string who = reader.text("principal", {1, 64});
  const Action action = read_action(reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note("principal", who);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    const auto principal = call.services.identities->principal(snapshot, who);
    if (!principal && principal.error().code == ErrorCode::not_found) {
      return Error{ErrorCode::invalid_argument, "/principal: there is no such enabled user"};
    }
    if (!principal) return principal.error();
    WY_TRY(const auto labels, call.services.policies->what_can(snapshot, *principal, action));
    Json json;
    json["count"] = labels.size();
    json["labels"] = labels_json(labels);
    return json_response(200, json);
  });
}

auth::PolicyChange read_change(ObjectReader& reader) {
  auth::PolicyChange change;
  const std::string what = reader.text("op", {1, 16});
  using Kind = auth::PolicyChange::Kind;
  constexpr std::pair<std::string_view, Kind> kKinds[] = {{"add", Kind::add},
                                                          {"replace", Kind::replace},
                                                          {"remove", Kind::remove},
                                                          {"link", Kind::link},
                                                          {"unlink", Kind::unlink}};
  const auto kind = std::ranges::find(kKinds, what, &std::pair<std::string_view, Kind>::first);
  if (kind == std::end(kKinds)) {
    reader.complain("op", "must be add, replace, remove, link or unlink");
    return change;
  }
  change.kind = kind->second;
  if (change.kind != Kind::add) change.id = reader.text("id", {1, 64});
  if (what == "add" || what == "replace") change.text = read_policy_text(reader);
  if (change.kind == Kind::link) change.values = read_slot_values(reader);
  if (change.kind == Kind::unlink) change.link_id = reader.text("link", {1, 64});
  return change;
}

std::vector<auth::PolicyChange> read_changes(Call& call, const JsonIn& body) {
  std::vector<auth::PolicyChange> changes;
  ObjectReader reader(body, "", call.field_errors);
  const bool is_list = body.is_object() && body.contains("changes") && body["changes"].is_array();
  if (!is_list || body["changes"].empty() || body["changes"].size() > kChangesMax) {
    reader.complain("changes", "must be a list of 1 to " + std::to_string(kChangesMax));
    return changes;
  }
  for (const JsonIn& item : body["changes"]) {
    ObjectReader one(item, "/changes/" + std::to_string(changes.size()), call.field_errors);
    changes.push_back(read_change(one));
  }
  return changes;
}

Result<http::Response> simulate(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const Action action = read_action(reader);
  const auto changes = read_changes(call, body);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto found, call.services.policies->simulate(snapshot, action, changes));
    return json_response(200, to_json(found));
  });
}

Result<http::Response> get_schema(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  return http::make_response(200, "text/plain; charset=utf-8",
                             call.services.policies->policy_schema());
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/policies/who-can-see",
     .handler = who_can_see,
     .action = "policy.who_can_see",
     .body = Body::json},
    {.method = "POST",
     .path = "/v1/policies/what-can-see",
     .handler = what_can_see,
     .action = "policy.what_can_see",
     .body = Body::json},
    {.method = "POST",
     .path = "/v1/policies/simulate",
     .handler = simulate,
     .action = "policy.simulate",
     .body = Body::json},
    {.method = "GET",
     .path = "/v1/policies/schema",
     .handler = get_schema,
     .action = "policy.schema"},
};

}  // namespace

std::span<const Route> policy_question_routes() { return kRoutes; }

}  // namespace wenyuan::api
