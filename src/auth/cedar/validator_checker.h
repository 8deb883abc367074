// Finds the type of an expression for one kind of request: the heart of strict validation.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/schema.h"
#include "auth/cedar/type.h"
#include "auth/cedar/validator_capabilities.h"
#include "auth/cedar/validator_findings.h"
#include "auth/cedar/validator_shapes.h"

namespace wenyuan::auth::cedar {

// One kind of request: an action with types that it applies to.
struct RequestEnvironment {
  const EntityTypeSchema* principal = nullptr;
  const ActionSchema* action = nullptr;
  const EntityTypeSchema* resource = nullptr;
};

// For the conditions of one policy, in any number of environments. All that it is given must
// outlive it.
class TypeChecker {
 public:
  // Takes what it spends from `steps_left`, at most a part of it for one policy.
  TypeChecker(const Schema& schema, Findings& findings, std::size_t& steps_left)
      : schema_(schema), findings_(findings), steps_left_(steps_left) {}

  // Whether the conditions can hold: false when their type is `false`. What is wrong with them
  // goes to the findings.
  bool check(const std::vector<Condition>& conditions, const RequestEnvironment& environment);

  // It gave up, and said so.
  bool is_exhausted() const { return exhausted_; }

 private:
  struct Answer {
    const Type* type = nullptr;  // null: unknown, because something inside is wrong
    bool ok = true;              // nothing inside is wrong
    Capabilities known{};        // what is there if this is true
  };
  // What an operator wants of an operand.
  enum class Wanted { boolean, integer, text, set, entity, entity_or_record, entity_or_entities };

  static Answer failed(const Type* type = nullptr) { return {type, false, {}}; }
  Answer error(const Expression& where, std::string message, const Type* type = nullptr);
  // A typed result of operands, with nothing known.
  static Answer of(const Type* type, bool ok) { return {type, ok, {}}; }

  // Counts; false when there is nothing left to spend, which is said once.
  bool spend(std::size_t steps);
  Answer check(const Expression& expression, const Capabilities& prior);
  Answer dispatch(const Expression& expression, const Capabilities& prior);
  Answer expect(Wanted wanted, const Expression& expression, const Capabilities& prior);
  static bool fits(Wanted wanted, const Type& type);
  static std::string_view name(Wanted wanted);
  Answer wrong_type(Wanted wanted, const Expression& where, const Type& found);
  Capabilities joined(const Capabilities& left, const Capabilities& right);

  // Values, variables, and what is built from them.
  Answer entity(const Expression& expression);
  Answer variable(const Expression& expression) const;
  Answer set(const Expression& expression, const Capabilities& prior);
  Answer record(const Expression& expression, const Capabilities& prior);

  // What goes on only when its left side allows.
  Answer conjunction(const Expression& expression, const Capabilities& prior);
  Answer conjoin(Answer left, const Expression& right, const Capabilities& prior);
  Answer conjoined(const Answer& left, const Answer& right);
  Answer disjunction(const Expression& expression, const Capabilities& prior);
  Answer disjoin(Answer left, const Expression& right, const Capabilities& prior);
  Answer conditional(const Expression& expression, const Capabilities& prior);
  static Answer negated(Answer answer);

  // Operators.
  Answer equality(const Expression& expression, const Capabilities& prior);
  Answer order(const Expression& expression, const Capabilities& prior);
  Answer arithmetic(const Expression& expression, const Capabilities& prior);
  Answer in(const Expression& left, const Expression& right, const Capabilities& prior);
  Answer is(const Expression& expression, const Capabilities& prior);
  Answer contains(const Expression& expression, const Capabilities& prior);
  Answer contains_many(const Expression& expression, const Capabilities& prior);
  UpperBound bound(const Type& left, const Type& right);
  Answer comparable(const Expression& expression, const Type* left, const Type* right, bool ok);
  // The value that an expression is, known without a request; nothing for most.
  std::optional<Expression::Payload> literal(const Expression& expression) const;
  std::optional<EntityUid> uid_of(const Expression& expression) const;
  std::optional<std::vector<EntityUid>> uids_of(const Expression& expression) const;

  // Attributes and tags.
  Answer attribute(const Expression& expression, const Capabilities& prior);
  Answer access(const Expression& expression, const Answer& base, int base_shape,
                const std::string& attribute, const Capabilities& prior);
  Answer has(const Expression& expression, const Capabilities& prior);
  Answer has_one(const Answer& base, int base_shape, const std::string& attribute,
                 const Capabilities& prior);
  Answer has_tag(const Expression& expression, const Capabilities& prior);
  Answer get_tag(const Expression& expression, const Capabilities& prior);
  const AttributeTypes* attributes_of(const Type& type) const;
  const Type* tags_of(const Type& type) const;

  Answer call(const Expression& expression, const Capabilities& prior);
  bool check_constructor(const Expression& expression);

  const Schema& schema_;
  Findings& findings_;
  Shapes shapes_;
  TypeTable types_;  // those made for one environment
  RequestEnvironment environment_;
  std::size_t& steps_left_;
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  bool exhausted_ = false;
};

}  // namespace wenyuan::auth::cedar
