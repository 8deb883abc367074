// Evaluates policies in the most obvious way, to be compared with the real evaluator.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/entities.h"
#include "auth/cedar/policy_set.h"
#include "auth/cedar/request.h"
#include "tests/auth/cedar/brute_value.h"

namespace wenyuan::auth::cedar::testing {

struct BruteDecision {
  bool allowed = false;
  std::set<std::string> reasons, errors;
  bool operator==(const BruteDecision&) const = default;
};

// By Cedar's rule, that a policy that fails is left out; or by ours, that a forbid that fails
// denies.
BruteDecision decide_by_brute_force(const PolicySet& policies, const Request& request,
                                    const std::vector<Entity>& entities, bool forbid_denies);

}  // namespace wenyuan::auth::cedar::testing
