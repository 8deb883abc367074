#include "auth/cedar/policy_set.h"

#include <utility>

#include "auth/cedar/literal.h"

namespace wenyuan::auth::cedar {
namespace {

Error refused(std::string_view before, std::string_view id, std::string_view after) {
  std::string message(before);
  message += cedar::quoted(id);
  message += after;
  return {ErrorCode::invalid_argument, std::move(message)};
}

Status fill(Scope& scope, const std::optional<EntityUid>& value, std::string_view slot,
            std::string_view template_id) {
  if (scope.has_slot && value) {
    scope.entities = {*value};
    scope.has_slot = false;
    return Done{};
  }
  if (!scope.has_slot && !value) return Done{};
  std::string after = scope.has_slot ? " needs a value for ?" : " has no slot ?";
  after += slot;
  return refused("the template ", template_id, after);
}

}  // namespace

const Policy* PolicySet::find(std::string_view id) const {
  const auto found = places_.find(id);
  if (found == places_.end() || found->second.is_template) return nullptr;
  return &policies_[found->second.at];
}

const Policy* PolicySet::find_template(std::string_view id) const {
  const auto found = places_.find(id);
  if (found == places_.end() || !found->second.is_template) return nullptr;
  return &templates_[found->second.at];
}

Status PolicySet::add(Policy policy) {
  std::vector<Policy>& list = policy.is_template() ? templates_ : policies_;
  const Place place{policy.is_template(), list.size()};
  if (!places_.emplace(policy.id, place).second) {
    return refused("there is already a policy with the id ", policy.id, "");
  }
  list.push_back(std::move(policy));
  return Done{};
}

Status PolicySet::link(std::string_view template_id, std::string id, const SlotValues& values) {
  const Policy* const base = find_template(template_id);
  if (base == nullptr) return refused("there is no template with the id ", template_id, "");
  Policy policy = *base;
  WY_RETURN_IF_ERROR(fill(policy.principal, values.principal, "principal", template_id));
  WY_RETURN_IF_ERROR(fill(policy.resource, values.resource, "resource", template_id));
  policy.id = id;
  WY_RETURN_IF_ERROR(add(std::move(policy)));
  links_.push_back({std::move(id), std::string(template_id), values});
  return Done{};
}

}  // namespace wenyuan::auth::cedar
