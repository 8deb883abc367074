#include "auth/decider.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "auth/cedar/schema_wenyuan.h"
#include "auth/decision_entities.h"
#include "base/assert.h"

namespace wenyuan::auth {
namespace {

cedar::Entities known_entities(const Principal& principal, const AttributeKinds& kinds) {
  std::vector<cedar::Entity> entities;
  entities.push_back(entity_of(principal, kinds));
  auto made = cedar::Entities::make(std::move(entities));
  WY_ASSERT(made);  // one entity is under no other
  return *std::move(made);
}

cedar::PartialRequest request_of(const Principal& principal, Action action,
                                 const cedar::Record& context) {
  return {cedar::user_uid(principal.user_id), cedar::action_uid(action), context};
}

bool allowed(const Result<cedar::Decision>& decision) {
  return decision && *decision == cedar::Decision::allow;
}

}  // namespace

Decider::Decider(const Rules& rules, const Principal& principal, const std::vector<Grant>& grants,
                 Action action, cedar::Record context)
    : rules_(rules),
      principal_(principal),
      scopes_open_(principal.scopes_open(action)),
      known_(known_entities(principal, rules.kinds())),
      all_(rules.all(), request_of(principal, action, context), known_),
      forbids_(rules.forbids(), request_of(principal, action, context), known_),
      by_all_(all_),
      by_forbids_(forbids_) {
  for (const Grant& grant : grants) {
    if (opens(grant.role, action)) granted_[grant.resource_id].push_back(grant.id);
  }
}

bool Decider::allows(const Label& label) { return allows(label, entity_of(label, rules_.kinds())); }

bool Decider::allows(const Label& label, const cedar::Entity& entity) {
  if (!scopes_open_) return false;
  const bool given = owns_or_was_granted(label);
  if (label.collection_kind == CollectionKind::personal) return given;
  return allowed(given ? by_forbids_.decide(entity) : by_all_.decide(entity));
}

bool Decider::owns_or_was_granted(const Label& label) const {
  if (!label.owner_id.empty() && label.owner_id == principal_.user_id) return true;
  return granted_.contains(label.collection_id) ||
         (!label.document_id.empty() && granted_.contains(label.document_id));
}

Decision Decider::decide(const Label& label) {
  Decision decision;
  if (!scopes_open_) return decision;
  if (label.collection_kind == CollectionKind::personal) {
    name_grants(label, decision);
    decision.allowed = !decision.reasons.empty();
    return decision;
  }
  const cedar::Entity entity = entity_of(label, rules_.kinds());
  const auto left = by_forbids_.explain(entity);
  if (!left) return decision;
  if (left->decision == cedar::Decision::deny) {
    take_in(*left, decision);
    return decision;
  }
  name_grants(label, decision);
  const auto response = by_all_.explain(entity);
  if (response) take_in(*response, decision);
  for (const Rules::Rule& rule : rules_.rules()) {
    const bool is_broken = !rule.text->policy;
    if (is_broken) decision.errors.push_back(rule.name + ": " + rule.text->error);
  }
  decision.allowed = !decision.reasons.empty();
  return decision;
}

void Decider::name_grants(const Label& label, Decision& decision) const {
  if (!label.owner_id.empty() && label.owner_id == principal_.user_id) {
    decision.reasons.emplace_back("owner");
  }
  for (const std::string& resource : {label.collection_id, label.document_id}) {
    const auto found = granted_.find(resource);
    if (resource.empty() || found == granted_.end()) continue;
    std::ranges::copy(found->second, std::back_inserter(decision.reasons));
  }
}

void Decider::take_in(const cedar::Response& response, Decision& decision) const {
  for (const std::string& id : response.reasons) {
    const Rules::Rule& rule = rules_.rule(id);
    decision.reasons.push_back(rule.name);
    if (!rule.text->policy) decision.errors.push_back(rule.name + ": " + rule.text->error);
  }
  for (const cedar::PolicyError& error : response.errors) {
    decision.errors.push_back(rules_.rule(error.policy_id).name + ": " + error.message);
  }
}

}  // namespace wenyuan::auth
