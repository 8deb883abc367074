#include "auth/decider.h"

#include <algorithm>

#include "auth/policy/evaluator.h"

namespace wenyuan::auth {
namespace {

using policy::Effect;
using policy::Evaluation;
using policy::Verdict;

// A deny that cannot be decided denies; an allow that cannot be decided does not allow.
bool counts(Effect effect, Verdict verdict) {
  return verdict == Verdict::holds || (effect == Effect::deny && verdict == Verdict::failed);
}

Effect effect_of(const CompiledPolicy& compiled) {
  return compiled.rule ? compiled.rule->effect : compiled.effect_without_rule;
}

// Why a policy could not be decided; empty when it could.
std::string failure(const CompiledPolicy& compiled, const Evaluation& evaluation) {
  if (!compiled.rule) return compiled.id + ": " + compiled.error;
  if (evaluation.verdict != Verdict::failed) return {};
  return compiled.id + ": " + policy::explain(evaluation);
}

// A policy without a rule is one that failed.
Evaluation evaluate(const CompiledPolicy& compiled, const Principal& principal,
                    const Label* label) {
  if (!compiled.rule) return {.verdict = Verdict::failed};
  return policy::evaluate(*compiled.rule, principal, label);
}

}  // namespace

Decider::Decider(const PolicySet& policies, const Principal& principal,
                 const std::vector<Grant>& grants, Action action)
    : principal_(principal), action_(action), scopes_open_(principal.scopes_open(action)) {
  for (const auto& compiled : policies) sort_in(*compiled);
  for (const Grant& grant : grants) {
    if (opens(grant.role, action)) granted_[grant.resource_id].push_back(grant.id);
  }
}

void Decider::sort_in(const CompiledPolicy& compiled) {
  if (compiled.rule && !compiled.rule->concerns(action_)) return;
  const Effect effect = effect_of(compiled);
  Side& side = effect == Effect::allow ? allow_ : deny_;
  const Verdict verdict = evaluate(compiled, principal_, nullptr).verdict;
  if (verdict == Verdict::needs_resource) {
    side.open.push_back(&compiled);
    return;
  }
  side.always = side.always || counts(effect, verdict);
  side.settled.push_back(&compiled);
}

bool Decider::allows(const Label& label) const {
  if (!scopes_open_) return false;
  const bool given = owns_or_was_granted(label);
  if (label.collection_kind == CollectionKind::personal) return given;
  // Most labels are closed to most people, and then nobody need ask what denies.
  if (!given && !any_counts(allow_, Effect::allow, label)) return false;
  return !any_counts(deny_, Effect::deny, label);
}

bool Decider::any_counts(const Side& side, Effect effect, const Label& label) const {
  return side.always || std::ranges::any_of(side.open, [&](const CompiledPolicy* compiled) {
           return counts(effect, evaluate(*compiled, principal_, &label).verdict);
         });
}

bool Decider::owns_or_was_granted(const Label& label) const {
  if (!label.owner_id.empty() && label.owner_id == principal_.user_id) return true;
  return granted_.contains(label.collection_id) ||
         (!label.document_id.empty() && granted_.contains(label.document_id));
}

Decision Decider::decide(const Label& label) const {
  Decision decision;
  if (!scopes_open_) return decision;
  const bool organization = label.collection_kind == CollectionKind::organization;
  if (organization) {
    explain(deny_, Effect::deny, label, decision);
    if (!decision.reasons.empty()) return decision;
  }
  if (!label.owner_id.empty() && label.owner_id == principal_.user_id) {
    decision.reasons.emplace_back("owner");
  }
  for (const std::string& resource : {label.collection_id, label.document_id}) {
    const auto found = granted_.find(resource);
    if (resource.empty() || found == granted_.end()) continue;
    std::ranges::copy(found->second, std::back_inserter(decision.reasons));
  }
  if (organization) explain(allow_, Effect::allow, label, decision);
  decision.allowed = !decision.reasons.empty();
  return decision;
}

void Decider::explain(const Side& side, Effect effect, const Label& label,
                      Decision& decision) const {
  for (const auto* policies : {&side.settled, &side.open}) {
    for (const CompiledPolicy* compiled : *policies) {
      const Evaluation evaluation = evaluate(*compiled, principal_, &label);
      if (counts(effect, evaluation.verdict)) decision.reasons.push_back(compiled->id);
      if (std::string why = failure(*compiled, evaluation); !why.empty()) {
        decision.errors.push_back(std::move(why));
      }
    }
  }
}

}  // namespace wenyuan::auth
