// Refuses a policy that could never be decided: wrong attributes, types that cannot fit.
#pragma once

#include <span>
#include <string>

#include "auth/policy/ast.h"
#include "base/result.h"

namespace wenyuan::auth::policy {

// `access` are the attributes that labels are made of; others of a resource are not there when
// access is decided. invalid_argument with line and column.
Status check(const Rule& rule, std::span<const std::string> access);

}  // namespace wenyuan::auth::policy
