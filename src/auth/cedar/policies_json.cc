#include "auth/cedar/policies_json.h"

#include <nlohmann/json.hpp>

#include <utility>

#include "auth/cedar/expression_json.h"
#include "auth/cedar/literal.h"
#include "auth/cedar/name.h"
#include "auth/cedar/schema_json_text.h"
#include "auth/cedar/value_json.h"

namespace wenyuan::auth::cedar {
namespace {

using nlohmann::json;

// An expression of one level takes up to four of JSON.
constexpr std::size_t kLevelsEach = 4;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

const json* member(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string slot_name(Variable variable) {
  std::string slot = "?";
  slot += name(variable);
  return slot;
}

json scope_json(const Scope& scope, Variable variable) {
  if (scope.kind == ScopeKind::any) return {{"op", "All"}};
  json target = json::object();
  if (scope.has_slot) {
    target["slot"] = slot_name(variable);
  } else if (scope.in_list && scope.entities.size() != 1) {
    target["entities"] = json::array();
    for (const EntityUid& uid : scope.entities) target["entities"].push_back(json_of(uid));
  } else if (!scope.entities.empty()) {
    target["entity"] = json_of(scope.entities.front());
  }
  json object = {{"op", "is"}, {"entity_type", scope.type}};
  if (scope.kind == ScopeKind::is) return object;
  if (scope.kind == ScopeKind::is_in) {
    object["in"] = std::move(target);
    return object;
  }
  target["op"] = scope.kind == ScopeKind::equal ? "==" : "in";
  return target;
}

json policy_json(const Policy& policy) {
  json conditions = json::array();
  for (const Condition& condition : policy.conditions) {
    conditions.push_back(
        {{"kind", condition.is_unless ? "unless" : "when"}, {"body", json_of(condition.body)}});
  }
  json object = {{"effect", name(policy.effect)},
                 {"principal", scope_json(policy.principal, Variable::principal)},
                 {"action", scope_json(policy.action, Variable::action)},
                 {"resource", scope_json(policy.resource, Variable::resource)},
                 {"conditions", std::move(conditions)}};
  if (!policy.annotations.empty()) object["annotations"] = policy.annotations;
  return object;
}

class PolicyReader {
 public:
  explicit PolicyReader(const ParseOptions& options) : options_(options), expressions_(options) {}

  Status read_all(PolicySet& policies, const json* object, bool is_template);
  Status link(PolicySet& policies, const json& written);

 private:
  Result<Policy> read(const json& object);
  Result<Scope> scope(const json& object, Variable variable);
  Status target(Scope& scope, const json& object, Variable variable);
  Status conditions(Policy& policy, const json& list);
  Status annotations(Policy& policy, const json& object);

  const ParseOptions& options_;
  ExpressionReader expressions_;
  std::size_t policy_count_ = 0;
};

Status PolicyReader::read_all(PolicySet& policies, const json* object, bool is_template) {
  if (object == nullptr) return Done{};
  if (!object->is_object()) return wrong("policies are an object, by their ids");
  for (const auto& [id, written] : object->items()) {
    if (++policy_count_ > options_.policy_count_max) {
      return Error{ErrorCode::too_large, "there are too many policies"};
    }
    auto policy = read(written);
    if (!policy) return within("policy " + cedar::quoted(id), std::move(policy).error());
    policy->id = id;
    if (policy->is_template() != is_template) {
      return wrong("policy " + cedar::quoted(id) +
                   (is_template ? " has no slot" : " has a slot, so it is a template"));
    }
    WY_RETURN_IF_ERROR(policies.add(*std::move(policy)));
  }
  return Done{};
}

Result<Policy> PolicyReader::read(const json& object) {
  Policy policy;
  const json* const effect = member(object, "effect");
  if (effect == nullptr || (*effect != "permit" && *effect != "forbid")) {
    return wrong("\"effect\" must be permit or forbid");
  }
  policy.effect = *effect == "permit" ? Effect::permit : Effect::forbid;
  const std::pair<Variable, Scope*> scopes[] = {{Variable::principal, &policy.principal},
                                                {Variable::action, &policy.action},
                                                {Variable::resource, &policy.resource}};
  for (const auto& [variable, place] : scopes) {
    const json* const written = member(object, name(variable));
    auto read = written == nullptr ? wrong("it is missing") : scope(*written, variable);
    if (!read) return within(name(variable), std::move(read).error());
    *place = *std::move(read);
  }
  if (const json* const list = member(object, "conditions")) {
    auto read = conditions(policy, *list);
    if (!read) return within("conditions", std::move(read).error());
  }
  if (const json* const written = member(object, "annotations")) {
    WY_RETURN_IF_ERROR(annotations(policy, *written));
  }
  return policy;
}

Result<Scope> PolicyReader::scope(const json& object, Variable variable) {
  Scope scope;
  const json* const op = member(object, "op");
  if (op == nullptr || !op->is_string()) return wrong("\"op\" is missing");
  if (*op == "All") return scope;
  if (*op == "is" && variable != Variable::action) {
    const json* const type = member(object, "entity_type");
    if (type == nullptr || !type->is_string() || !is_path(type->get<std::string>())) {
      return wrong("\"entity_type\" must be the name of an entity type");
    }
    scope.type = type->get<std::string>();
    scope.kind = ScopeKind::is;
    const json* const in = member(object, "in");
    if (in == nullptr) return scope;
    scope.kind = ScopeKind::is_in;
    WY_RETURN_IF_ERROR(target(scope, *in, variable));
    return scope;
  }
  if (*op != "==" && *op != "in") return wrong("\"op\" must be All, ==, in or is");
  scope.kind = *op == "==" ? ScopeKind::equal : ScopeKind::in;
  WY_RETURN_IF_ERROR(target(scope, object, variable));
  return scope;
}

Status PolicyReader::target(Scope& scope, const json& object, Variable variable) {
  const bool is_action = variable == Variable::action;
  if (const json* const slot = member(object, "slot")) {
    if (is_action || *slot != slot_name(variable)) return wrong("\"slot\" has another name");
    scope.has_slot = true;
    return Done{};
  }
  const json* const list = member(object, "entities");
  if (list != nullptr && list->is_array() && is_action && scope.kind == ScopeKind::in) {
    scope.in_list = true;
    for (const json& each : *list) {
      WY_TRY(EntityUid uid, uid_of(each));
      scope.entities.push_back(std::move(uid));
    }
  } else {
    const json* const one = member(object, "entity");
    if (one == nullptr) return wrong("\"entity\" or \"slot\" is missing");
    WY_TRY(EntityUid uid, uid_of(*one));
    scope.entities.push_back(std::move(uid));
  }
  for (const EntityUid& uid : scope.entities) {
    if (is_action && base_name(uid.type) != "Action") {
      return wrong(to_text(uid) + " is not an action: its type is not Action");
    }
  }
  return Done{};
}

Status PolicyReader::conditions(Policy& policy, const json& list) {
  if (!list.is_array()) return wrong("a list was expected");
  for (const json& each : list) {
    const json* const kind = member(each, "kind");
    const json* const body = member(each, "body");
    if (kind == nullptr || body == nullptr || (*kind != "when" && *kind != "unless")) {
      return wrong("a condition has \"kind\", when or unless, and \"body\"");
    }
    Condition condition;
    condition.is_unless = *kind == "unless";
    WY_TRY(condition.body, expressions_.read(*body));
    policy.conditions.push_back(std::move(condition));
  }
  return Done{};
}

Status PolicyReader::annotations(Policy& policy, const json& object) {
  if (!object.is_object()) return wrong("annotations are an object");
  for (const auto& [key, value] : object.items()) {
    if (!is_identifier(key) || !(value.is_string() || value.is_null())) {
      return wrong("an annotation has an identifier and a text");
    }
    policy.annotations.emplace(key, value.is_null() ? "" : value.get<std::string>());
  }
  return Done{};
}

Status PolicyReader::link(PolicySet& policies, const json& written) {
  const json* const base = member(written, "templateId");
  const json* const id = member(written, "newId");
  const json* const values = member(written, "values");
  if (base == nullptr || id == nullptr || values == nullptr || !base->is_string() ||
      !id->is_string() || !values->is_object()) {
    return wrong("a link has \"templateId\", \"newId\" and \"values\"");
  }
  SlotValues slots;
  for (const auto& [slot, value] : values->items()) {
    WY_TRY(EntityUid uid, uid_of(value));
    if (slot == "?principal") {
      slots.principal = std::move(uid);
    } else if (slot == "?resource") {
      slots.resource = std::move(uid);
    } else {
      return wrong("there is no slot " + cedar::quoted(slot));
    }
  }
  return policies.link(base->get<std::string>(), id->get<std::string>(), slots);
}

}  // namespace

Result<PolicySet> parse_policies_json(std::string_view text, const ParseOptions& options) {
  WY_TRY(const json document,
         parse_strict_json(text, {options.text_bytes_max, options.depth_max * kLevelsEach}));
  if (!document.is_object()) return wrong("a set of policies is an object");
  PolicySet policies;
  PolicyReader reader(options);
  WY_RETURN_IF_ERROR(reader.read_all(policies, member(document, "staticPolicies"), false));
  WY_RETURN_IF_ERROR(reader.read_all(policies, member(document, "templates"), true));
  const json* const links = member(document, "templateLinks");
  if (links == nullptr) return policies;
  if (!links->is_array()) return wrong("\"templateLinks\" must be a list");
  for (const json& each : *links) {
    auto linked = reader.link(policies, each);
    if (!linked) return within("templateLinks", std::move(linked).error());
  }
  return policies;
}

std::string to_json(const PolicySet& policies) {
  json object = {{"staticPolicies", json::object()},
                 {"templates", json::object()},
                 {"templateLinks", json::array()}};
  for (const Policy& policy : policies.policies()) {
    object["staticPolicies"][policy.id] = policy_json(policy);
  }
  for (const Policy& policy : policies.templates()) {
    object["templates"][policy.id] = policy_json(policy);
  }
  for (const Link& link : policies.links()) {
    object["staticPolicies"].erase(link.id);
    json values = json::object();
    if (link.values.principal)
      values["?principal"] = {{"__entity", json_of(*link.values.principal)}};
    if (link.values.resource) values["?resource"] = {{"__entity", json_of(*link.values.resource)}};
    object["templateLinks"].push_back(
        {{"templateId", link.template_id}, {"newId", link.id}, {"values", std::move(values)}});
  }
  return object.dump();
}

}  // namespace wenyuan::auth::cedar
