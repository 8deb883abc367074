// The tree of a policy: what every policy language of ours is parsed into.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/permit.h"

namespace wenyuan::auth::policy {

// Both count from 1; columns count code points.
struct Position {
  int line = 1;
  int column = 1;
};

// The lists are sets written down: order and repetition mean nothing.
using Literal = std::variant<bool, std::int64_t, std::string, std::vector<std::string>,
                             std::vector<std::int64_t>>;

enum class Entity { user, resource };

struct Expression;

struct Attribute {  // user.department
  Entity entity = Entity::user;
  std::string name;
};
struct Has {  // user has department
  Entity entity = Entity::user;
  std::string name;
};
struct Not {
  std::unique_ptr<Expression> operand;
};
// Evaluated from left to right; the first operand that settles the outcome ends it, so that
// `user has clearance and user.clearance > 2` never asks for what is not there.
struct All {
  std::vector<Expression> operands;
};
struct Any {
  std::vector<Expression> operands;
};

enum class Comparison { equal, not_equal, less, less_or_equal, greater, greater_or_equal };

struct Compare {
  Comparison comparison = Comparison::equal;
  std::unique_ptr<Expression> left, right;
};
struct In {
  std::unique_ptr<Expression> item, list;
};

struct Expression {
  Position at;
  std::variant<Literal, Attribute, Has, Not, All, Any, Compare, In> node;
};

enum class Effect { allow, deny };

struct Rule {
  Effect effect = Effect::allow;
  std::optional<Action> action;  // nothing: every action
  Expression condition;

  bool concerns(Action asked) const { return !action || *action == asked; }
};

}  // namespace wenyuan::auth::policy
