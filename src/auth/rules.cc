#include "auth/rules.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/assert.h"

namespace wenyuan::auth {
namespace {

using cedar::Effect;

bool asks_for_context(const cedar::Policy& policy) {
  std::vector<const cedar::Expression*> open;
  for (const cedar::Condition& condition : policy.conditions) open.push_back(&condition.body);
  while (!open.empty()) {
    const cedar::Expression& next = *open.back();
    open.pop_back();
    if (next.kind == cedar::ExpressionKind::variable &&
        next.variable() == cedar::Variable::context) {
      return true;
    }
    for (const cedar::Expression& operand : next.operands) open.push_back(&operand);
  }
  return false;
}

// What stands in the sets: ids are places, as nothing else is certain to be different.
std::optional<cedar::Policy> in_set(const PolicyText& text, std::size_t place) {
  cedar::Policy policy;
  if (text.policy) {
    policy = *text.policy;
  } else if (text.effect == Effect::permit) {
    return std::nullopt;
  }
  policy.effect = text.effect;
  policy.id = std::to_string(place);
  return policy;
}

const AttributeKinds& kinds_by_name() {
  static const AttributeKinds kinds = AttributeKinds::guessed({});
  return kinds;
}

void add(cedar::PolicySet& set, cedar::Policy policy) {
  const Status added = set.add(std::move(policy));
  WY_ASSERT(added);
}

}  // namespace

Rules::Rules(PolicySet policies, const AttributeKinds* kinds)
    : kinds_(kinds == nullptr ? &kinds_by_name() : kinds), policies_(std::move(policies)) {
  for (const auto& policy : policies_) {
    if (!policy->text.is_template) rules_.push_back({policy->id, &policy->text});
    for (const auto& link : policy->links) {
      rules_.push_back({policy->id + "/" + link->id, &link->text});
    }
  }
  for (std::size_t place = 0; place < rules_.size(); ++place) {
    std::optional<cedar::Policy> policy = in_set(*rules_[place].text, place);
    if (!policy) continue;
    need_context_ = need_context_ || asks_for_context(*policy);
    if (policy->effect == Effect::forbid) add(forbids_, *policy);
    add(all_, *std::move(policy));
  }
  cedar::Policy everything;
  everything.id = std::to_string(rules_.size());
  add(forbids_, std::move(everything));
}

const Rules::Rule& Rules::rule(std::string_view cedar_id) const {
  std::size_t place = rules_.size();
  std::from_chars(cedar_id.data(), cedar_id.data() + cedar_id.size(), place);
  WY_ASSERT(place < rules_.size());
  return rules_[place];
}

}  // namespace wenyuan::auth
