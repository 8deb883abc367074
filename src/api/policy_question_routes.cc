// Who can see what, and what a change of policies would do: for those who answer for access.
#include <algorithm>

#include "api/call.h"
#include "api/policy_json.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kChangesMax = 100;
constexpr std::size_t kShownMax = 1000;  // users, and labels of each

Json label_json(const Label& label) {
  Json json;
  json["collection_id"] = label.collection_id;
  json["attributes"] = to_json(label.attributes);
  json["whole_collection"] = label.id == 0;
  if (!label.document_id.empty()) json["document_id"] = label.document_id;
  return json;
}

Json labels_json(const std::vector<Label>& labels) {
  Json json = Json::array();
  for (std::size_t i = 0; i < std::min(labels.size(), kShownMax); ++i) {
    json.push_back(label_json(labels[i]));
  }
  return json;
}

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
  if (what == "replace") {
    change.kind = auth::PolicyChange::Kind::replace;
  } else if (what == "remove") {
    change.kind = auth::PolicyChange::Kind::remove;
  } else if (what != "add") {
    reader.complain("op", "must be add, replace or remove");
  }
  if (what == "replace" || what == "remove") change.id = reader.text("id", {1, 64});
  if (what == "add" || what == "replace") change.text = read_policy_text(reader);
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
    Json json;
    json["gains"] = Json::array();
    json["losses"] = Json::array();
    for (const auth::AccessChange& change : found) {
      const auto add = [&](const char* list, const std::vector<Label>& labels) {
        if (labels.empty() || json[list].size() == kShownMax) return;
        json[list].push_back({{"user_id", change.user_id},
                              {"username", change.username},
                              {"count", labels.size()},
                              {"labels", labels_json(labels)}});
      };
      add("gains", change.gained);
      add("losses", change.lost);
    }
    json["users_affected"] = found.size();
    return json_response(200, json);
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
