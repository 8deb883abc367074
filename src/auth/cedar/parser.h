// Parses the text of Cedar policies, templates and expressions.
#pragma once

#include <cstddef>
#include <string_view>

#include "auth/cedar/ast.h"
#include "auth/cedar/policy_set.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

struct ParseOptions {
  std::size_t text_bytes_max = std::size_t{16} << 20;
  std::size_t policy_count_max = 100'000;
  std::size_t node_count_max = 4'000'000;
  // Of nested expressions: each level costs stack in every walk over the tree.
  std::size_t depth_max = 256;
  // Takes the id of a policy from its annotation @id where it has one. Otherwise, and always
  // where this is off, ids are policy0, policy1, … in the order of the text.
  bool id_from_annotation = false;
};

// The message of an error begins with "line 3, column 7: " and says what was expected and what
// was found.
Result<PolicySet> parse_policies(std::string_view text, const ParseOptions& options = {});

// One policy or template, under the id "policy0".
Result<Policy> parse_policy(std::string_view text, const ParseOptions& options = {});
Result<Expression> parse_expression(std::string_view text, const ParseOptions& options = {});

}  // namespace wenyuan::auth::cedar
