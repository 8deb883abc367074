#include "auth/cedar/authorizer.h"

#include <utility>

#include "auth/cedar/evaluator.h"

namespace wenyuan::auth::cedar {

Response authorize(const PolicySet& policies, const Request& request, const Entities& entities,
                   ErrorRule rule) {
  Response response;
  std::vector<std::string> permits, forbids;
  const Evaluator evaluator(request, entities);
  for (const Policy& policy : policies.policies()) {
    auto& list = policy.effect == Effect::permit ? permits : forbids;
    auto holds = evaluator.satisfies(policy);
    if (!holds) {
      response.errors.push_back({policy.id, std::move(holds.error().message)});
      if (policy.effect == Effect::forbid && rule == ErrorRule::forbid_denies) {
        forbids.push_back(policy.id);
      }
    } else if (*holds) {
      list.push_back(policy.id);
    }
  }
  if (!forbids.empty()) {
    response.reasons = std::move(forbids);
  } else if (!permits.empty()) {
    response.decision = Decision::allow;
    response.reasons = std::move(permits);
  }
  return response;
}

}  // namespace wenyuan::auth::cedar
