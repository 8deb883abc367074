// Writes policies as canonical text: what is parsed from it is equal to what was written.
#pragma once

#include <string>

#include "auth/cedar/ast.h"
#include "auth/cedar/policy_set.h"

namespace wenyuan::auth::cedar {

// On one line, with no more parentheses than are needed.
std::string format(const Expression& expression);

// Ends with a line feed. The id is not part of the text; comments were lost when it was parsed.
std::string format(const Policy& policy);

// Policies and templates in the order of their spans, with an empty line between them. A policy
// that was made from a template is written out.
std::string format(const PolicySet& policies);

}  // namespace wenyuan::auth::cedar
