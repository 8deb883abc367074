// Decides a request by a set of policies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "auth/cedar/entities.h"
#include "auth/cedar/policy_set.h"
#include "auth/cedar/request.h"

namespace wenyuan::auth::cedar {

enum class Decision : std::uint8_t { allow, deny };

// What a policy does whose evaluation fails.
enum class ErrorRule : std::uint8_t {
  forbid_denies,  // ours: a forbid that fails denies, a permit that fails permits nothing
  skip_policy,    // Cedar's: it is as if the policy were not there
};

struct PolicyError {
  std::string policy_id;
  std::string message;
};

struct Response {
  Decision decision = Decision::deny;
  // The policies that made the decision: the permits that hold; or the forbids that hold and,
  // under ErrorRule::forbid_denies, those that failed; none when nothing permits.
  std::vector<std::string> reasons;
  // Every policy that failed.
  std::vector<PolicyError> errors;
};

// Nothing is allowed that no permit allows, and any forbid wins over every permit.
Response authorize(const PolicySet& policies, const Request& request, const Entities& entities,
                   ErrorRule rule = ErrorRule::forbid_denies);

}  // namespace wenyuan::auth::cedar
