#include "auth/cedar/validator.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "auth/cedar/lexer.h"
#include "auth/cedar/validator_checker.h"
#include "auth/cedar/validator_findings.h"
#include "auth/cedar/validator_names.h"

namespace wenyuan::auth::cedar {
namespace {

// For all policies together: half a minute or so.
constexpr std::size_t kStepsMax = 600'000'000;

// Whether the head can hold for an entity of this type. A slot is filled by what fits.
bool head_can_hold(const Scope& scope, const EntityTypeSchema& type, const Schema& schema) {
  switch (scope.kind) {
    case ScopeKind::any: return true;
    case ScopeKind::equal: return scope.has_slot || scope.entities.front().type == type.name;
    case ScopeKind::is: return scope.type == type.name;
    case ScopeKind::is_in:
      if (scope.type != type.name) return false;
      break;
    case ScopeKind::in: break;
  }
  return scope.has_slot || schema.may_be_in(type.name, scope.entities.front().type);
}

bool head_holds(const Scope& scope, const ActionSchema& action) {
  if (scope.kind == ScopeKind::any) return true;
  if (scope.kind == ScopeKind::equal) return scope.entities.front() == action.uid;
  return std::any_of(scope.entities.begin(), scope.entities.end(),
                     [&](const EntityUid& uid) { return action.is_in(uid); });
}

// The list is a set of entities like any other, and strict validation wants one type of them.
void check_action_list(const Policy& policy, Findings& findings) {
  const std::vector<EntityUid>& uids = policy.action.entities;
  if (policy.action.kind != ScopeKind::in) return;
  if (uids.empty()) findings.add(policy.action.span, "this list of actions is empty");
  for (const EntityUid& uid : uids) {
    if (uid.type == uids.front().type) continue;
    findings.add(policy.action.span, "actions of different namespaces cannot stand in one list");
    return;
  }
}

class TypePass {
 public:
  TypePass(const Policy& policy, const Schema& schema, Findings& findings, std::size_t& steps_left)
      : policy_(policy), schema_(schema), checker_(schema, findings, steps_left) {}

  // Whether there is a request for which the policy may hold.
  bool run() {
    for (const auto& [uid, action] : schema_.actions()) {
      if (!head_holds(policy_.action, action)) continue;
      const auto principals = fitting(policy_.principal, action.principals);
      const auto resources = fitting(policy_.resource, action.resources);
      for (const EntityTypeSchema* principal : principals) {
        for (const EntityTypeSchema* resource : resources) {
          if (checker_.check(policy_.conditions, {principal, &action, resource})) can_hold_ = true;
          if (checker_.is_exhausted()) return true;
        }
      }
    }
    return can_hold_;
  }

 private:
  std::vector<const EntityTypeSchema*> fitting(const Scope& scope,
                                               const std::vector<std::string>& types) const {
    std::vector<const EntityTypeSchema*> found;
    for (const std::string& name : types) {
      const EntityTypeSchema* type = schema_.entity_type(name);
      if (head_can_hold(scope, *type, schema_)) found.push_back(type);
    }
    return found;
  }

  const Policy& policy_;
  const Schema& schema_;
  TypeChecker checker_;
  bool can_hold_ = false;
};

void validate_one(const Policy& policy, const Schema& schema, std::size_t& steps_left,
                  ValidationReport& report) {
  Findings findings(policy, report.errors);
  check_names(policy, schema, findings);
  check_action_list(policy, findings);
  check_application(policy, schema, findings);
  const bool can_hold = TypePass(policy, schema, findings, steps_left).run();
  if (!can_hold) {
    report.warnings.push_back({policy.id, policy.span, "this policy holds for no request at all"});
  }
}

}  // namespace

std::string to_text(const ValidationFinding& finding) {
  std::string text = finding.policy_id;
  return text.append(", ").append(at(finding.span)).append(finding.message);
}

ValidationReport validate(const PolicySet& policies, const Schema& schema) {
  ValidationReport report;
  std::size_t steps_left = kStepsMax;
  std::set<std::string_view> linked;
  for (const Link& link : policies.links()) {
    linked.insert(link.id);
    const Policy* policy = policies.find(link.id);
    if (policy == nullptr) continue;
    Findings findings(*policy, report.errors);
    check_slot_values(link.values, schema, findings);
    check_application(*policy, schema, findings);
  }
  for (const Policy& policy : policies.templates())
    validate_one(policy, schema, steps_left, report);
  for (const Policy& policy : policies.policies()) {
    if (!linked.contains(policy.id)) validate_one(policy, schema, steps_left, report);
  }
  return report;
}

ValidationReport validate(const Policy& policy, const Schema& schema) {
  ValidationReport report;
  std::size_t steps_left = kStepsMax;
  validate_one(policy, schema, steps_left, report);
  return report;
}

}  // namespace wenyuan::auth::cedar
