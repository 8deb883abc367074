// Evaluates expressions and policies for one request.
#pragma once

#include <optional>

#include "auth/cedar/ast.h"
#include "auth/cedar/entities.h"
#include "auth/cedar/operators.h"
#include "auth/cedar/request.h"
#include "auth/cedar/value.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// The request and the entities must outlive it; expressions must outlive only the call. Any number
// of threads may use one at the same time.
class Evaluator {
 public:
  Evaluator(const Request& request, const EntityView& entities);
  Evaluator(const Request& request, const Entities& entities)
      : Evaluator(request, EntityView(entities)) {}

  // Messages of errors begin with "line 3, column 7: ", the place in the text of the policy.
  Result<Value> evaluate(const Expression& expression) const;
  // Whether head and conditions hold.
  Result<bool> satisfies(const Policy& policy) const;

 private:
  // A value that lives elsewhere, or one that was just made.
  class Held;

  bool holds(const Scope& scope, const EntityUid& uid) const;

  Result<Held> held(const Expression& expression) const;
  Result<Held> literal(const Expression& expression) const;
  Result<bool> truth(const Expression& expression) const;
  Result<bool> all_or_any(const Expression& expression) const;
  Result<bool> is(const Expression& expression) const;
  Result<bool> has(const Expression& expression) const;
  Result<bool> like(const Expression& expression) const;
  Result<Held> unary(const Expression& expression) const;
  Result<Held> binary(const Expression& expression) const;
  Result<Held> conditional(const Expression& expression) const;
  Result<Held> attribute(const Expression& expression) const;
  Result<Held> set(const Expression& expression) const;
  Result<Held> record(const Expression& expression) const;
  Result<Held> call(const Expression& expression) const;

  EntityView entities_;
  const Request& request_;
  Value principal_, action_, resource_, context_;
};

}  // namespace wenyuan::auth::cedar
