// The short form of a policy as the tree that every policy is decided by.
#pragma once

#include "auth/attribute_kinds.h"
#include "auth/cedar/ast.h"
#include "auth/policy/ast.h"

namespace wenyuan::auth::policy {

// `user.a` becomes principal.a, and `item in list` list.contains(item). Levels become numbers where
// they are compared with an attribute that holds one, or are put in order. Positions are
// those of the short form; the id is left to the caller.
cedar::Policy to_cedar(const Rule& rule, const AttributeKinds& kinds);

}  // namespace wenyuan::auth::policy
