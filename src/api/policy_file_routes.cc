// Policies as files: everything out, and in again with a look at what would change before it does.
#include <algorithm>

#include "api/call.h"
#include "api/policy_json.h"
#include "auth/policy_import.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kImportMax = 10'000;
constexpr std::size_t kLinksMax = 10'000;
constexpr std::pair<const char*, Action> kActions[] = {
    {"read", Action::read}, {"write", Action::write}, {"manage", Action::manage}};

Json values_json(const std::vector<auth::cedar::SlotValues>& links) {
  Json list = Json::array();
  for (const auth::cedar::SlotValues& values : links) {
    list.push_back(Json::object());
    add_slot_values(list.back(), values);
  }
  return list;
}

// What import reads. The same policies make the same bytes: no ids, no times.
Result<Json> everything(Call& call, store::Snapshot& snapshot) {
  WY_TRY(const auto entries, call.services.policies->export_policies(snapshot));
  Json json;
  json["policies"] = Json::array();
  for (const auth::PolicyEntry& entry : entries) {
    Json one;
    one["name"] = entry.name;
    one["description"] = entry.description;
    one["text"] = entry.text;
    if (entry.links) one["links"] = values_json(*entry.links);
    json["policies"].push_back(std::move(one));
  }
  return json;
}

Result<http::Response> export_policies(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_read));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const Json json, everything(call, snapshot));
    return tagged_response(call, json);
  });
}

std::optional<std::vector<auth::cedar::SlotValues>> read_links(ObjectReader& reader,
                                                               FieldErrors& errors) {
  const JsonIn* list = reader.maybe_array("links", kLinksMax);
  if (list == nullptr) return std::nullopt;
  std::vector<auth::cedar::SlotValues> links;
  for (const JsonIn& item : *list) {
    ObjectReader one(item, reader.pointer() + "/links/" + std::to_string(links.size()), errors);
    links.push_back(read_slot_values(one));
  }
  return links;
}

auth::PolicyImport read_import(Call& call, const JsonIn& body) {
  auth::PolicyImport import;
  import.prune = call.query_flag("prune", false);
  ObjectReader reader(body, "", call.field_errors);
  const JsonIn* list = reader.maybe_array("policies", kImportMax);
  if (list == nullptr || list->empty()) {
    // Nothing at all is a mistake, never the wish to be without policies.
    reader.complain("policies", "must be a list of at least one policy");
    return import;
  }
  for (const JsonIn& item : *list) {
    ObjectReader one(item, "/policies/" + std::to_string(import.policies.size()),
                     call.field_errors);
    auth::PolicyEntry entry;
    entry.name = one.text("name", {1, 256});
    entry.text = one.text("text", {1, 16384});
    entry.description = one.maybe_text("description", {0, 1024}).value_or("");
    entry.links = read_links(one, call.field_errors);
    import.policies.push_back(std::move(entry));
  }
  return import;
}

Json changed_json(const auth::PolicyStep& step) {
  Json json;
  json["id"] = step.before.id;
  json["name"] = step.before.name;
  json["members"] = Json::array();
  if (step.text_changes) json["members"].push_back("text");
  if (step.description_changes) json["members"].push_back("description");
  json["links_added"] = values_json(step.links_added);
  std::vector<auth::cedar::SlotValues> removed;
  for (const auth::PolicyLink& link : step.links_removed) removed.push_back(link.values);
  json["links_removed"] = values_json(removed);
  return json;
}

Json plan_json(const auth::PolicyPlan& plan) {
  using Kind = auth::PolicyStep::Kind;
  Json json;
  for (const char* list : {"added", "changed", "removed", "unchanged", "left"}) {
    json[list] = Json::array();
  }
  for (const auth::PolicyStep& step : plan.steps) {
    const Json before = {{"id", step.before.id}, {"name", step.before.name}};
    switch (step.kind) {
      case Kind::add:
        json["added"].push_back(
            {{"name", step.after.name}, {"links_added", values_json(step.links_added)}});
        break;
      case Kind::change: json["changed"].push_back(changed_json(step)); break;
      case Kind::remove: json["removed"].push_back(before); break;
      case Kind::keep: json["unchanged"].push_back(before); break;
      case Kind::leave: json["left"].push_back(before); break;
    }
  }
  return json;
}

Result<auth::PolicyPlan> plan_of(Call& call, store::Snapshot& snapshot,
                                 const auth::PolicyImport& import) {
  std::vector<auth::ImportProblem> problems;
  WY_TRY(auto plan, call.services.policies->plan_import(snapshot, import, problems));
  for (const auth::ImportProblem& problem : problems) {
    std::string pointer = "/policies/" + std::to_string(problem.at);
    if (!problem.member.empty()) pointer.append("/").append(problem.member);
    call.field_errors.push_back({std::move(pointer), problem.message});
  }
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return plan;
}

// Who would gain and who would lose what, or why that is not to be had.
Json access_json(Call& call, store::Snapshot& snapshot, const auth::PolicyPlan& plan) {
  const auto changes = auth::changes_of(plan);
  Json json;
  for (const auto& [name, action] : kActions) {
    const auto found = call.services.policies->simulate(snapshot, action, changes);
    json[name] = found ? to_json(*found) : Json({{"error", found.error().message}});
  }
  return json;
}

Result<http::Response> try_import(Call& call, const auth::PolicyImport& import) {
  auto answer = call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const Json present, everything(call, snapshot));
    WY_TRY(const auto plan, plan_of(call, snapshot, import));
    Json json = plan_json(plan);
    json["dry_run"] = true;
    json["access"] = access_json(call, snapshot, plan);
    http::Response response = json_response(200, json);
    // To be given as If-Match, so that what is done is what was looked at.
    response.headers.set("ETag", etag_of(to_text(present)));
    return response;
  });
  if (answer) WY_RETURN_IF_ERROR(call.record("policy.import.dry_run"));
  return answer;
}

void note_plan(Call& call, const auth::PolicyPlan& plan) {
  using Kind = auth::PolicyStep::Kind;
  const auto note = [&](const char* name, Kind kind) {
    std::vector<std::string> names;
    for (const auth::PolicyStep& step : plan.steps) {
      if (step.kind == kind) names.push_back(kind == Kind::add ? step.after.name : step.before.id);
    }
    call.note(std::string(name) + "_count", static_cast<std::int64_t>(names.size()));
    names.resize(std::min<std::size_t>(names.size(), 50));
    if (!names.empty()) call.note(name, std::move(names));
  };
  note("added", Kind::add);
  note("changed", Kind::change);
  note("removed", Kind::remove);
}

Result<http::Response> import_policies(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::policies_manage));
  WY_TRY(const JsonIn body, call.json());
  const auth::PolicyImport import = read_import(call, body);
  const bool dry_run = call.query_flag("dry_run", false);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  if (dry_run) return try_import(call, import);
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const Json present, everything(call, tx));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(present))));
    WY_TRY(const auto plan, plan_of(call, tx, import));
    WY_RETURN_IF_ERROR(call.services.policies->apply_import(tx, plan, call.now));
    note_plan(call, plan);
    WY_RETURN_IF_ERROR(call.record(tx, "policy.import"));
    Json json = plan_json(plan);
    json["dry_run"] = false;
    return json_response(200, json);
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/policies/export",
     .handler = export_policies,
     .action = "policy.export"},
    {.method = "POST",
     .path = "/v1/policies/import",
     .handler = import_policies,
     .body = Body::json},
};

}  // namespace

std::span<const Route> policy_file_routes() { return kRoutes; }

}  // namespace wenyuan::api
