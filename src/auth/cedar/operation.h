// Applies any operation without short circuit to values: all operands are there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "auth/cedar/ast.h"
#include "auth/cedar/operators.h"
#include "auth/cedar/value.h"

namespace wenyuan::auth::cedar {

// What comes out. A truth is not made into a value: most outcomes are one.
struct Applied {
  enum class Kind : std::uint8_t { failure, is_false, is_true, borrowed, made };

  Kind kind = Kind::failure;
  const Value* borrowed = nullptr;  // lives elsewhere: in an operand or an entity
  std::optional<Value> made;

  // Not of a failure.
  Value take() &&;
};

// Not for conjunction, disjunction, negation, conditional, variables, and `is` with `in`. `payload`
// has the payload of the operation; null for one without.
Applied apply(ExpressionKind kind, const Expression* payload,
              std::span<const Value* const> operands, const EntityView& entities);

}  // namespace wenyuan::auth::cedar
