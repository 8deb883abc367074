#include "auth/cedar/evaluator.h"

#include <algorithm>
#include <utility>

#include "auth/cedar/extension.h"
#include "auth/cedar/lexer.h"

namespace wenyuan::auth::cedar {
namespace {

using Kind = ExpressionKind;

Error fails(const Expression& expression, std::string_view problem) {
  std::string message = at(expression.span);
  message += problem;
  return {ErrorCode::invalid_argument, std::move(message)};
}

Error fails(const Expression& expression, Fault fault, const Value& blamed,
            std::string_view name = "") {
  return fails(expression, describe(fault, blamed, name));
}

}  // namespace

class Evaluator::Held {
 public:
  Held(const Value* borrowed) : borrowed_(borrowed) {}     // NOLINT
  Held(Value made) : made_(std::move(made)) {}             // NOLINT
  Held(bool made) : made_(std::in_place, made) {}          // NOLINT
  Held(std::int64_t made) : made_(std::in_place, made) {}  // NOLINT
  const Value& operator*() const { return borrowed_ == nullptr ? *made_ : *borrowed_; }
  const Value* operator->() const { return &**this; }
  Value take() && { return borrowed_ == nullptr ? *std::move(made_) : *borrowed_; }
  bool is_made() const { return borrowed_ == nullptr; }

 private:
  const Value* borrowed_ = nullptr;
  std::optional<Value> made_;
};

Evaluator::Evaluator(const Request& request, const EntityView& entities)
    : entities_(entities),
      request_(request),
      principal_(request.principal),
      action_(request.action),
      resource_(request.resource),
      context_(request.context) {}

Result<Value> Evaluator::evaluate(const Expression& expression) const {
  WY_TRY(Held value, held(expression));
  return std::move(value).take();
}

Result<bool> Evaluator::satisfies(const Policy& policy) const {
  if (!holds(policy.principal, request_.principal)) return false;
  if (!holds(policy.action, request_.action)) return false;
  if (!holds(policy.resource, request_.resource)) return false;
  for (const Condition& condition : policy.conditions) {
    WY_TRY(const bool holds_true, truth(condition.body));
    if (holds_true == condition.is_unless) return false;
  }
  return true;
}

bool Evaluator::holds(const Scope& scope, const EntityUid& uid) const {
  const auto is_under = [&](const EntityUid& ancestor) { return entities_.is_in(uid, ancestor); };
  switch (scope.kind) {
    case ScopeKind::any: return true;
    case ScopeKind::equal: return !scope.entities.empty() && scope.entities.front() == uid;
    case ScopeKind::is: return uid.type == scope.type;
    case ScopeKind::is_in:
      if (uid.type != scope.type) return false;
      [[fallthrough]];
    case ScopeKind::in: return std::any_of(scope.entities.begin(), scope.entities.end(), is_under);
  }
  return false;
}

auto Evaluator::held(const Expression& expression) const -> Result<Held> {
  const auto as_held = [](Result<bool> truth) -> Result<Held> {
    if (!truth) return std::move(truth).error();
    return Held(*truth);
  };
  switch (expression.kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::string:
    case Kind::entity:
    case Kind::variable: return literal(expression);
    case Kind::conjunction:
    case Kind::disjunction: return as_held(all_or_any(expression));
    case Kind::negation: {
      WY_TRY(const bool operand, truth(expression.operands[0]));
      return Held(!operand);
    }
    case Kind::is: return as_held(is(expression));
    case Kind::has: return as_held(has(expression));
    case Kind::like: return as_held(like(expression));
    case Kind::minus:
    case Kind::is_empty: return unary(expression);
    case Kind::conditional: return conditional(expression);
    case Kind::attribute: return attribute(expression);
    case Kind::set: return set(expression);
    case Kind::record: return record(expression);
    case Kind::call: return call(expression);
    default: return binary(expression);
  }
}

auto Evaluator::literal(const Expression& expression) const -> Result<Held> {
  switch (expression.kind) {
    case Kind::boolean: return Held(expression.boolean());
    case Kind::integer: return Held(expression.integer());
    case Kind::string: return Held(Value(expression.text()));
    case Kind::entity: return Held(Value(expression.entity()));
    default: break;
  }
  switch (expression.variable()) {
    case Variable::principal: return Held(&principal_);
    case Variable::action: return Held(&action_);
    case Variable::resource: return Held(&resource_);
    case Variable::context: break;
  }
  return Held(&context_);
}

Result<bool> Evaluator::truth(const Expression& expression) const {
  WY_TRY(const Held value, held(expression));
  if (const bool* const truth = value->as_bool()) return *truth;
  return fails(expression, Fault::wants_bool, *value);
}

Result<bool> Evaluator::all_or_any(const Expression& expression) const {
  const bool settles = expression.kind == Kind::disjunction;
  for (const Expression& operand : expression.operands) {
    WY_TRY(const bool value, truth(operand));
    if (value == settles) return settles;
  }
  return !settles;
}

Result<bool> Evaluator::is(const Expression& expression) const {
  WY_TRY(const Held value, held(expression.operands[0]));
  const EntityUid* const uid = value->as_entity();
  if (uid == nullptr) return fails(expression.operands[0], Fault::wants_entity, *value);
  if (uid->type != expression.text()) return false;
  if (expression.operands.size() == 1) return true;
  WY_TRY(const Held ancestors, held(expression.operands[1]));
  bool result = false;
  const Value* blamed = nullptr;
  const Fault fault = is_in(entities_, {*value, *ancestors, &blamed}, result);
  if (fault != Fault::none) return fails(expression, fault, *blamed);
  return result;
}

Result<bool> Evaluator::has(const Expression& expression) const {
  WY_TRY(const Held value, held(expression.operands[0]));
  bool result = false;
  const Value* blamed = nullptr;
  const Fault fault = has_attributes(entities_, *value, expression.names(), result, &blamed);
  if (fault != Fault::none) return fails(expression, fault, *blamed);
  return result;
}

Result<bool> Evaluator::like(const Expression& expression) const {
  WY_TRY(const Held value, held(expression.operands[0]));
  const std::string* const text = value->as_string();
  if (text == nullptr) return fails(expression, Fault::wants_string, *value);
  return matches(expression.pattern(), *text);
}

auto Evaluator::unary(const Expression& expression) const -> Result<Held> {
  WY_TRY(const Held value, held(expression.operands[0]));
  if (expression.kind == Kind::is_empty) {
    if (value->as_set() == nullptr) return fails(expression, Fault::wants_set, *value);
    return Held(value->as_set()->empty());
  }
  const std::int64_t* const number = value->as_integer();
  if (number == nullptr) return fails(expression, Fault::wants_long, *value);
  std::int64_t result = 0;
  if (__builtin_sub_overflow(std::int64_t{0}, *number, &result)) {
    return fails(expression, Fault::overflow, *value);
  }
  return Held(result);
}

auto Evaluator::binary(const Expression& expression) const -> Result<Held> {
  WY_TRY(const Held left, held(expression.operands[0]));
  WY_TRY(const Held right, held(expression.operands[1]));
  const Value* blamed = nullptr;
  const Operands operands{*left, *right, &blamed};
  bool truth = false;
  std::int64_t number = 0;
  const Value* tag = nullptr;
  Fault fault = Fault::none;
  switch (expression.kind) {
    case Kind::equal: return Held(*left == *right);
    case Kind::not_equal: return Held(*left != *right);
    case Kind::plus:
    case Kind::subtract:
    case Kind::times:
      fault = arithmetic(expression.kind, operands, number);
      if (fault == Fault::none) return Held(number);
      break;
    case Kind::in: fault = is_in(entities_, operands, truth); break;
    case Kind::contains:
    case Kind::contains_all:
    case Kind::contains_any: fault = contains(expression.kind, operands, truth); break;
    case Kind::has_tag: fault = has_tag(entities_, operands, truth); break;
    case Kind::get_tag:
      fault = get_tag(entities_, operands, tag);
      if (fault == Fault::none) return Held(tag);
      break;
    default: fault = compare(expression.kind, operands, truth); break;
  }
  if (fault == Fault::none) return Held(truth);
  const std::string* const name = right->as_string();
  return fails(expression, fault, *blamed, name == nullptr ? "" : *name);
}

auto Evaluator::conditional(const Expression& expression) const -> Result<Held> {
  WY_TRY(const bool condition, truth(expression.operands[0]));
  return held(expression.operands[condition ? 1 : 2]);
}

auto Evaluator::attribute(const Expression& expression) const -> Result<Held> {
  WY_TRY(Held value, held(expression.operands[0]));
  const Value* found = nullptr;
  const Fault fault = get_attribute(entities_, *value, expression.text(), found);
  if (fault != Fault::none) return fails(expression, fault, *value, expression.text());
  // An attribute of a record that was just made would die with it.
  if (value.is_made() && value->as_record() != nullptr) return Held(Value(*found));
  return Held(found);
}

auto Evaluator::set(const Expression& expression) const -> Result<Held> {
  std::vector<Value> values;
  values.reserve(expression.operands.size());
  for (const Expression& operand : expression.operands) {
    WY_TRY(Held value, held(operand));
    values.push_back(std::move(value).take());
  }
  return Held(Value(Set(std::move(values))));
}

auto Evaluator::record(const Expression& expression) const -> Result<Held> {
  std::vector<Record::Attribute> attributes;
  attributes.reserve(expression.operands.size());
  for (std::size_t i = 0; i < expression.operands.size(); ++i) {
    WY_TRY(Held value, held(expression.operands[i]));
    attributes.emplace_back(expression.names()[i], std::move(value).take());
  }
  return Held(Value(Record(std::move(attributes))));
}

auto Evaluator::call(const Expression& expression) const -> Result<Held> {
  const ExtensionSignature* const signature = find_extension(expression.text());
  if (signature == nullptr) return fails(expression, "there is no such extension function");
  std::vector<Held> values;
  values.reserve(expression.operands.size());
  for (const Expression& operand : expression.operands) {
    WY_TRY(Held value, held(operand));
    values.push_back(std::move(value));
  }
  std::vector<const Value*> arguments;
  for (const Held& value : values) arguments.push_back(&*value);
  auto result = call_extension(*signature, arguments);
  if (!result) return fails(expression, result.error().message);
  return Held(*std::move(result));
}

}  // namespace wenyuan::auth::cedar
