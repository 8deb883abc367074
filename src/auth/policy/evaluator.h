// Decides whether the condition of a policy holds for a user and a label.
#pragma once

#include <string>

#include "auth/policy/ast.h"
#include "auth/principal.h"
#include "base/document.h"

namespace wenyuan::auth::policy {

enum class Fault {
  none,
  no_attribute,   // of a user or a resource that does not have it
  not_boolean,    // where true or false is needed
  mixed_types,    // 3 == "3"
  no_order,       // < between things without an order, such as texts that are no level
  not_in_a_list,  // `in` with something other than a list on its right, or with one on its left
};

enum class Verdict { does_not_hold, holds, failed, needs_resource };

struct Evaluation {
  Verdict verdict = Verdict::does_not_hold;
  Fault fault = Fault::none;
  const Expression* place = nullptr;  // of the fault; lives as long as the rule
};

// Without a label the answer is what is the same for every label, or needs_resource.
Evaluation evaluate(const Rule& rule, const Principal& user, const Label* resource);

// "line 1, column 10: user has no attribute clearance", for a failed evaluation.
std::string explain(const Evaluation& evaluation);

}  // namespace wenyuan::auth::policy
