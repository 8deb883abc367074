#include "auth/cedar/validator_checker.h"

#include <utility>

namespace wenyuan::auth::cedar {
namespace {

// Of one policy: expressions looked at, over all kinds of requests, and things known that were
// copied.
constexpr std::size_t kStepsMax = 30'000'000;
constexpr std::size_t kDepthMax = 1000;

bool has_kind(const Type* type, TypeKind kind) { return type != nullptr && type->kind == kind; }

}  // namespace

bool TypeChecker::check(const std::vector<Condition>& conditions,
                        const RequestEnvironment& environment) {
  if (!spend(1)) return true;
  environment_ = environment;
  types_.clear();
  Answer all{singleton(true)};
  bool first = true;
  for (const Condition& condition : conditions) {
    if (!first && has_kind(all.type, TypeKind::always_false)) break;
    Answer next = expect(Wanted::boolean, condition.body, all.known);
    if (condition.is_unless) next = negated(std::move(next));
    all = first ? std::move(next) : conjoined(all, next);
    first = false;
  }
  return !has_kind(all.type, TypeKind::always_false);
}

bool TypeChecker::spend(std::size_t steps) {
  steps_ += steps;
  if (steps_ <= kStepsMax && steps <= steps_left_) {
    steps_left_ -= steps;
    return true;
  }
  if (!exhausted_) {
    findings_.add(findings_.policy().span, "this policy takes too long to be checked");
  }
  exhausted_ = true;
  return false;
}

auto TypeChecker::error(const Expression& where, std::string message, const Type* type) -> Answer {
  findings_.add(where.span, std::move(message));
  return failed(type);
}

auto TypeChecker::check(const Expression& expression, const Capabilities& prior) -> Answer {
  if (exhausted_ || !spend(1)) return failed();
  if (depth_ >= kDepthMax) {
    exhausted_ = true;
    return error(expression, "this is too deep to be checked");
  }
  ++depth_;
  Answer answer = dispatch(expression, prior);
  --depth_;
  return answer;
}

auto TypeChecker::dispatch(const Expression& expression, const Capabilities& prior) -> Answer {
  switch (expression.kind) {
    case ExpressionKind::boolean: return {singleton(expression.boolean())};
    case ExpressionKind::integer: return {primitive(TypeKind::integer)};
    case ExpressionKind::string: return {primitive(TypeKind::text)};
    case ExpressionKind::entity: return entity(expression);
    case ExpressionKind::variable: return variable(expression);
    case ExpressionKind::conjunction: return conjunction(expression, prior);
    case ExpressionKind::disjunction: return disjunction(expression, prior);
    case ExpressionKind::negation:
      return negated(expect(Wanted::boolean, expression.operands[0], prior));
    case ExpressionKind::minus:
    case ExpressionKind::plus:
    case ExpressionKind::subtract:
    case ExpressionKind::times: return arithmetic(expression, prior);
    case ExpressionKind::equal: return equality(expression, prior);
    case ExpressionKind::not_equal: return negated(equality(expression, prior));
    case ExpressionKind::less:
    case ExpressionKind::less_equal:
    case ExpressionKind::greater:
    case ExpressionKind::greater_equal: return order(expression, prior);
    case ExpressionKind::in: return in(expression.operands[0], expression.operands[1], prior);
    case ExpressionKind::contains: return contains(expression, prior);
    case ExpressionKind::contains_all:
    case ExpressionKind::contains_any: return contains_many(expression, prior);
    case ExpressionKind::is_empty:
      return of(primitive(TypeKind::boolean),
                expect(Wanted::set, expression.operands[0], prior).ok);
    case ExpressionKind::get_tag: return get_tag(expression, prior);
    case ExpressionKind::has_tag: return has_tag(expression, prior);
    case ExpressionKind::attribute: return attribute(expression, prior);
    case ExpressionKind::has: return has(expression, prior);
    case ExpressionKind::like:
      return of(primitive(TypeKind::boolean),
                expect(Wanted::text, expression.operands[0], prior).ok);
    case ExpressionKind::is: return is(expression, prior);
    case ExpressionKind::conditional: return conditional(expression, prior);
    case ExpressionKind::set: return set(expression, prior);
    case ExpressionKind::record: return record(expression, prior);
    case ExpressionKind::call: return call(expression, prior);
  }
  return failed();
}

bool TypeChecker::fits(Wanted wanted, const Type& type) {
  switch (wanted) {
    case Wanted::boolean: return is_boolean(type);
    case Wanted::integer: return type.kind == TypeKind::integer;
    case Wanted::text: return type.kind == TypeKind::text;
    case Wanted::set: return type.kind == TypeKind::set;
    case Wanted::entity: return type.kind == TypeKind::entity;
    case Wanted::entity_or_record:
      return type.kind == TypeKind::entity || type.kind == TypeKind::record;
    case Wanted::entity_or_entities:
      return type.kind == TypeKind::entity ||
             (type.kind == TypeKind::set && type.element->kind == TypeKind::entity);
  }
  return false;
}

std::string_view TypeChecker::name(Wanted wanted) {
  switch (wanted) {
    case Wanted::boolean: return "a Bool";
    case Wanted::integer: return "a Long";
    case Wanted::text: return "a String";
    case Wanted::set: return "a Set";
    case Wanted::entity: return "an entity";
    case Wanted::entity_or_record: return "an entity or a record";
    case Wanted::entity_or_entities: return "an entity or a Set of entities";
  }
  return "";
}

auto TypeChecker::wrong_type(Wanted wanted, const Expression& where, const Type& found) -> Answer {
  std::string message = "expected ";
  message.append(name(wanted)).append(", found ").append(describe(found));
  return error(where, std::move(message));
}

auto TypeChecker::expect(Wanted wanted, const Expression& expression, const Capabilities& prior)
    -> Answer {
  Answer answer = check(expression, prior);
  if (answer.type == nullptr) return failed();
  if (!fits(wanted, *answer.type)) return wrong_type(wanted, expression, *answer.type);
  return answer;
}

Capabilities TypeChecker::joined(const Capabilities& left, const Capabilities& right) {
  if (!spend(left.size() + right.size())) return {};
  return both(left, right);
}

auto TypeChecker::entity(const Expression& expression) -> Answer {
  // A name that is not declared has been reported with the names of the policy.
  const Type* type = schema_.type_of(expression.entity());
  return type == nullptr ? failed() : of(type, true);
}

auto TypeChecker::variable(const Expression& expression) const -> Answer {
  switch (expression.variable()) {
    case Variable::principal: return {environment_.principal->type};
    case Variable::action: return {environment_.action->type};
    case Variable::resource: return {environment_.resource->type};
    case Variable::context: return {environment_.action->context};
  }
  return failed();
}

auto TypeChecker::negated(Answer answer) -> Answer {
  if (has_kind(answer.type, TypeKind::always_true)) return of(singleton(false), answer.ok);
  if (has_kind(answer.type, TypeKind::always_false)) return of(singleton(true), answer.ok);
  return of(primitive(TypeKind::boolean), answer.ok);
}

auto TypeChecker::conjunction(const Expression& expression, const Capabilities& prior) -> Answer {
  Answer left = expect(Wanted::boolean, expression.operands[0], prior);
  for (std::size_t i = 1; i < expression.operands.size(); ++i) {
    left = conjoin(std::move(left), expression.operands[i], prior);
  }
  return left;
}

auto TypeChecker::conjoin(Answer left, const Expression& right, const Capabilities& prior)
    -> Answer {
  // What follows `false &&` is never evaluated, and may be anything.
  if (has_kind(left.type, TypeKind::always_false)) return of(left.type, left.ok);
  return conjoined(left, expect(Wanted::boolean, right, joined(prior, left.known)));
}

auto TypeChecker::conjoined(const Answer& left, const Answer& right) -> Answer {
  const bool ok = left.ok && right.ok;
  if (left.type == nullptr || right.type == nullptr) return failed(primitive(TypeKind::boolean));
  if (right.type->kind == TypeKind::always_false) return of(right.type, ok);
  if (!ok) return failed(primitive(TypeKind::boolean));
  if (right.type->kind == TypeKind::always_true) {
    return {left.type, ok, joined(left.known, right.known)};
  }
  if (left.type->kind == TypeKind::always_true) return {right.type, ok, right.known};
  return {primitive(TypeKind::boolean), ok, joined(left.known, right.known)};
}

auto TypeChecker::disjunction(const Expression& expression, const Capabilities& prior) -> Answer {
  Answer left = expect(Wanted::boolean, expression.operands[0], prior);
  for (std::size_t i = 1; i < expression.operands.size(); ++i) {
    left = disjoin(std::move(left), expression.operands[i], prior);
  }
  return left;
}

auto TypeChecker::disjoin(Answer left, const Expression& right_side, const Capabilities& prior)
    -> Answer {
  if (has_kind(left.type, TypeKind::always_true)) return left;
  const Answer right = expect(Wanted::boolean, right_side, prior);
  const bool ok = left.ok && right.ok;
  if (left.type == nullptr || right.type == nullptr) return failed(primitive(TypeKind::boolean));
  if (!ok) {
    return failed(has_kind(right.type, TypeKind::always_true) ? right.type
                                                              : primitive(TypeKind::boolean));
  }
  if (right.type->kind == TypeKind::always_true) return right;
  if (right.type->kind == TypeKind::always_false) return left;
  if (left.type->kind == TypeKind::always_false) return right;
  if (!spend(left.known.size() + right.known.size())) return failed();
  return {primitive(TypeKind::boolean), ok, common(left.known, right.known)};
}

auto TypeChecker::conditional(const Expression& expression, const Capabilities& prior) -> Answer {
  const Expression& then_side = expression.operands[1];
  const Expression& else_side = expression.operands[2];
  const Answer test = expect(Wanted::boolean, expression.operands[0], prior);
  if (has_kind(test.type, TypeKind::always_false)) {
    Answer answer = check(else_side, prior);
    return test.ok ? answer : failed(answer.type);
  }
  Answer then = check(then_side, joined(prior, test.known));
  if (then.ok) then.known = joined(then.known, test.known);
  if (has_kind(test.type, TypeKind::always_true)) return test.ok ? then : failed(then.type);
  const Answer otherwise = check(else_side, prior);
  if (then.type == nullptr || otherwise.type == nullptr) return failed();
  const UpperBound bound = this->bound(*then.type, *otherwise.type);
  if (bound.type == nullptr) {
    std::string message = "both sides of an `if` need one type, found ";
    message.append(describe(*then.type)).append(" and ").append(describe(*otherwise.type));
    if (const std::string_view how = advice(bound.why); !how.empty()) {
      message.append(": ").append(how);
    }
    return error(expression, std::move(message));
  }
  if (!test.ok || !then.ok || !otherwise.ok) return failed(bound.type);
  if (!spend(then.known.size() + otherwise.known.size())) return failed();
  return {bound.type, true, common(then.known, otherwise.known)};
}

auto TypeChecker::set(const Expression& expression, const Capabilities& prior) -> Answer {
  if (expression.operands.empty()) {
    return error(expression, "the type of an empty set cannot be known; it may not stand here");
  }
  const Type* element = nullptr;
  bool ok = true;
  bool known = true;
  for (const Expression& operand : expression.operands) {
    const Answer answer = check(operand, prior);
    ok = ok && answer.ok;
    known = known && answer.type != nullptr;
    if (!known) continue;
    if (element == nullptr) element = answer.type;
    const UpperBound bound = this->bound(*element, *answer.type);
    if (bound.type == nullptr) {
      std::string message = "all elements of a set need one type, found ";
      message.append(describe(*element)).append(" and ").append(describe(*answer.type));
      if (const std::string_view how = advice(bound.why); !how.empty()) {
        message.append(": ").append(how);
      }
      return error(expression, std::move(message));
    }
    element = bound.type;
  }
  if (!known) return failed();
  const Type* type = types_.set(element);
  if (too_large(*type)) return error(expression, "the type of this set is too large");
  return of(type, ok);
}

auto TypeChecker::record(const Expression& expression, const Capabilities& prior) -> Answer {
  AttributeTypes attributes;
  bool ok = true;
  bool known = true;
  for (std::size_t i = 0; i < expression.operands.size(); ++i) {
    const Answer answer = check(expression.operands[i], prior);
    ok = ok && answer.ok;
    known = known && answer.type != nullptr;
    attributes.emplace(expression.names()[i], AttributeType{answer.type, true});
  }
  if (!known) return failed();
  const Type* type = types_.record(std::move(attributes));
  if (too_large(*type)) return error(expression, "the type of this record is too large");
  return of(type, ok);
}

}  // namespace wenyuan::auth::cedar
