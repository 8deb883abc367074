// Checks policies against a schema before they are stored: strict validation, as Cedar 4 does it.
#pragma once

#include <string>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/policy_set.h"
#include "auth/cedar/schema.h"

namespace wenyuan::auth::cedar {

struct ValidationFinding {
  std::string policy_id;
  Span span;  // of the expression, or of the whole policy
  std::string message;
};

// "policy0, line 3, column 7: `message`".
std::string to_text(const ValidationFinding& finding);

struct ValidationReport {
  std::vector<ValidationFinding> errors;
  // Policies that hold for no request at all; they are allowed.
  std::vector<ValidationFinding> warnings;

  bool passed() const { return errors.empty(); }
};

// Each policy is checked for every kind of request that the schema knows: an action, with a type
// of principal and a type of resource that it applies to. A policy that passes cannot fail when it
// is evaluated on a request and entities that follow the schema, except by overflow, or when it
// reads an attribute of an entity that is not there.
//
// Templates are checked for all types that may fill their slots; policies made from one only for
// what fills them. What takes too long to check is an error.
ValidationReport validate(const PolicySet& policies, const Schema& schema);

// One policy or template.
ValidationReport validate(const Policy& policy, const Schema& schema);

}  // namespace wenyuan::auth::cedar
