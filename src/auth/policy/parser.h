// Reads the short form of a policy:
//
//   allow if user.department == resource.department and user.clearance >= resource.sensitivity
//   deny write if resource.archived or not (user has department)
//
//   policy     = ("allow" | "deny") ["read" | "write" | "manage"] "if" any
//   any        = all {"or" all}
//   all        = unary {"and" unary}
//   unary      = "not" unary | comparison
//   comparison = operand [("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") operand]
//              | ("user" | "resource") "has" name
//   operand    = "true" | "false" | integer | text | list | ("user" | "resource") "." name
//              | "(" any ")"
//   list       = "[" [value {"," value}] "]", with texts only or integers only
//
// Without an action, "allow" is about reading and "deny" about every action.
#pragma once

#include <string_view>

#include "auth/policy/ast.h"
#include "base/result.h"

namespace wenyuan::auth::policy {

constexpr int kNestingMax = 64;
constexpr int kNodeCountMax = 1000;

// invalid_argument with line, column and what was expected.
Result<Rule> parse(std::string_view text);

}  // namespace wenyuan::auth::policy
