// Refuses a policy that could never be decided: wrong attributes, types that cannot fit.
#pragma once

#include "auth/attribute_kinds.h"
#include "auth/policy/ast.h"
#include "base/result.h"

namespace wenyuan::auth::policy {

// Of a resource's attributes only those that labels are made of, kinds.access(), are there when
// access is decided. invalid_argument with line and column.
Status check(const Rule& rule, const AttributeKinds& kinds);

}  // namespace wenyuan::auth::policy
