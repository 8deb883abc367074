#include "auth/cedar/validator_names.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "auth/cedar/validator_suggestion.h"

namespace wenyuan::auth::cedar {
namespace {

void check_type(const std::string& type, const Span& span, const Schema& schema,
                Findings& findings) {
  if (schema.knows_type(type)) return;
  std::string message = "the entity type `";
  message.append(type).append("` is not in the schema");
  findings.add(span, std::move(message), [&] { return suggestion(type, schema.entity_types()); });
}

std::string choices_of(const EntityTypeSchema& type) {
  constexpr std::size_t kShownMax = 10;
  std::string text;
  for (std::size_t i = 0; i < type.choices.size() && i < kShownMax; ++i) {
    text.append(i == 0 ? "" : ", ").append(to_text(EntityUid{type.name, type.choices[i]}));
  }
  return type.choices.size() > kShownMax ? text.append(", …") : text;
}

void check_entity(const EntityUid& uid, const Span& span, const Schema& schema,
                  Findings& findings) {
  check_type(uid.type, span, schema, findings);
  if (is_action_type(uid.type)) {
    if (schema.action(uid) != nullptr) return;
    std::string message = "the action " + to_text(uid) + " is not in the schema";
    findings.add(span, std::move(message), [&] { return suggested_action(uid, schema); });
    return;
  }
  const EntityTypeSchema* type = schema.entity_type(uid.type);
  if (type == nullptr || !type->is_enumerated() || type->has_choice(uid.id)) return;
  findings.add(span, "there is no " + to_text(uid) + "; there are " + choices_of(*type));
}

void check_scope(const Scope& scope, const Schema& schema, Findings& findings) {
  if (!scope.type.empty()) check_type(scope.type, scope.span, schema, findings);
  for (const EntityUid& uid : scope.entities) check_entity(uid, scope.span, schema, findings);
}

}  // namespace

void check_names(const Policy& policy, const Schema& schema, Findings& findings) {
  check_scope(policy.principal, schema, findings);
  check_scope(policy.action, schema, findings);
  check_scope(policy.resource, schema, findings);
  std::vector<const Expression*> open;
  for (const Condition& condition : policy.conditions) open.push_back(&condition.body);
  while (!open.empty()) {
    const Expression& next = *open.back();
    open.pop_back();
    if (next.kind == ExpressionKind::entity) {
      check_entity(next.entity(), next.span, schema, findings);
    } else if (next.kind == ExpressionKind::is) {
      check_type(next.text(), next.span, schema, findings);
    }
    for (const Expression& operand : next.operands) open.push_back(&operand);
  }
}

std::vector<const ActionSchema*> fitting_actions(const Scope& scope, const Schema& schema) {
  std::vector<const ActionSchema*> actions;
  if (scope.kind == ScopeKind::any) {
    for (const auto& [uid, action] : schema.actions()) actions.push_back(&action);
    return actions;
  }
  std::set<EntityUid> uids;
  for (const EntityUid& uid : scope.entities) {
    const ActionSchema* action = schema.action(uid);
    if (action == nullptr) return {};
    uids.insert(uid);
    if (scope.kind != ScopeKind::in) continue;
    uids.insert(action->descendants.begin(), action->descendants.end());
  }
  for (const EntityUid& uid : uids) actions.push_back(schema.action(uid));
  return actions;
}

bool may_fit(const Scope& scope, std::string_view type, const Schema& schema) {
  // Whether the type is, or can be in, that of the entity; a slot may be filled by any.
  const auto in_entity = [&] {
    if (scope.has_slot) return true;
    const std::string& other = scope.entities.front().type;
    const EntityTypeSchema* found = schema.entity_type(type);
    return type == other || (found != nullptr && found->may_be_in(other));
  };
  switch (scope.kind) {
    case ScopeKind::any: return true;
    case ScopeKind::equal: return scope.has_slot || scope.entities.front().type == type;
    case ScopeKind::in: return in_entity();
    case ScopeKind::is: return scope.type == type;
    case ScopeKind::is_in: return scope.type == type && in_entity();
  }
  return false;
}

void check_application(const Policy& policy, const Schema& schema, Findings& findings) {
  const auto fits_any = [&](const Scope& scope, const std::vector<std::string>& types) {
    return std::any_of(types.begin(), types.end(),
                       [&](const std::string& type) { return may_fit(scope, type, schema); });
  };
  bool principal_fits = false;
  bool resource_fits = false;
  for (const ActionSchema* action : fitting_actions(policy.action, schema)) {
    const bool principal = fits_any(policy.principal, action->principals);
    const bool resource = fits_any(policy.resource, action->resources);
    if (principal && resource) return;
    principal_fits = principal_fits || principal;
    resource_fits = resource_fits || resource;
  }
  std::string message = "no action fits this policy: none that its head names applies to ";
  message.append(!principal_fits  ? "such a principal"
                 : !resource_fits ? "such a resource"
                                  : "such a principal together with such a resource");
  findings.add(policy.span, std::move(message));
}

void check_slot_values(const SlotValues& values, const Schema& schema, Findings& findings) {
  for (const auto* value : {&values.principal, &values.resource}) {
    if (*value) check_type((*value)->type, findings.policy().span, schema, findings);
  }
}

}  // namespace wenyuan::auth::cedar
