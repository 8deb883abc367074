// Reads and writes policies in Cedar's JSON policy format.
#pragma once

#include <string>
#include <string_view>

#include "auth/cedar/parser.h"
#include "auth/cedar/policy_set.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// An object with "staticPolicies", "templates" and "templateLinks", each of which may be missing.
// A policy that was read has no place in a text: its spans say line 1, column 1.
Result<PolicySet> parse_policies_json(std::string_view json, const ParseOptions& options = {});

// Chains become nested pairs and `has` of a path becomes a chain, as the format has neither.
std::string to_json(const PolicySet& policies);

}  // namespace wenyuan::auth::cedar
