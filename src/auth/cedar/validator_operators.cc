// The operators of expressions, and what they want of their operands.
#include <algorithm>
#include <utility>

#include "auth/cedar/validator_checker.h"

namespace wenyuan::auth::cedar {
namespace {

// Those that < and <= can compare.
bool has_order(const Type& type) {
  return type.kind == TypeKind::integer ||
         (type.kind == TypeKind::extension && (type.name == "datetime" || type.name == "duration"));
}

bool same_order(const Type& left, const Type& right) {
  return has_order(left) && left.kind == right.kind && left.name == right.name;
}

std::string found(const Type& left, const Type& right) {
  std::string text = ", found ";
  return text.append(describe(left)).append(" and ").append(describe(right));
}

}  // namespace

UpperBound TypeChecker::bound(const Type& left, const Type& right) {
  if (!spend(&left == &right ? 1 : std::min(left.size, right.size))) return {&left};
  return upper_bound(left, right, types_);
}

// As strict validation wants it of == and contains: the types must have a common one.
auto TypeChecker::comparable(const Expression& expression, const Type* left, const Type* right,
                             bool ok) -> Answer {
  const Type* boolean = primitive(TypeKind::boolean);
  if (left == nullptr || right == nullptr) return of(boolean, ok);
  const UpperBound common = bound(*left, *right);
  if (common.type != nullptr) return of(boolean, ok);
  std::string message = "these can never be equal: expected two values of one type";
  message.append(found(*left, *right));
  if (const std::string_view how = advice(common.why); !how.empty()) {
    message.append(": ").append(how);
  }
  return error(expression, std::move(message), boolean);
}

auto TypeChecker::equality(const Expression& expression, const Capabilities& prior) -> Answer {
  const Answer left = check(expression.operands[0], prior);
  const Answer right = check(expression.operands[1], prior);
  const bool ok = left.ok && right.ok;
  const bool both_entities = left.type != nullptr && right.type != nullptr &&
                             left.type->kind == TypeKind::entity &&
                             right.type->kind == TypeKind::entity;
  if (both_entities && left.type->name != right.type->name) return of(singleton(false), ok);
  const auto left_literal = literal(expression.operands[0]);
  if (left_literal) {
    const auto right_literal = literal(expression.operands[1]);
    if (right_literal) return of(singleton(*left_literal == *right_literal), ok);
  }
  return comparable(expression, left.type, right.type, ok);
}

std::optional<Expression::Payload> TypeChecker::literal(const Expression& expression) const {
  switch (expression.kind) {
    case ExpressionKind::boolean:
    case ExpressionKind::integer:
    case ExpressionKind::string:
    case ExpressionKind::entity: return expression.payload;
    case ExpressionKind::variable:
      if (expression.variable() != Variable::action) return std::nullopt;
      return Expression::Payload(environment_.action->uid);
    case ExpressionKind::conjunction:
    case ExpressionKind::disjunction: break;
    default: return std::nullopt;
  }
  // Cedar replaces `true && false` by `false` while it parses, but nothing larger.
  const bool all = expression.kind == ExpressionKind::conjunction;
  bool value = all;
  for (const Expression& operand : expression.operands) {
    const auto part = literal(operand);
    const bool* boolean = part ? std::get_if<bool>(&*part) : nullptr;
    if (boolean == nullptr) return std::nullopt;
    value = all ? value && *boolean : value || *boolean;
  }
  return Expression::Payload(value);
}

std::optional<EntityUid> TypeChecker::uid_of(const Expression& expression) const {
  if (expression.kind == ExpressionKind::entity) return expression.entity();
  if (expression.kind == ExpressionKind::variable && expression.variable() == Variable::action) {
    return environment_.action->uid;
  }
  return std::nullopt;
}

std::optional<std::vector<EntityUid>> TypeChecker::uids_of(const Expression& expression) const {
  std::vector<EntityUid> uids;
  if (auto only = uid_of(expression)) {
    uids.push_back(*std::move(only));
    return uids;
  }
  if (expression.kind != ExpressionKind::set) return std::nullopt;
  for (const Expression& operand : expression.operands) {
    auto uid = uid_of(operand);
    if (!uid) return std::nullopt;
    uids.push_back(*std::move(uid));
  }
  return uids;
}

auto TypeChecker::in(const Expression& left_side, const Expression& right_side,
                     const Capabilities& prior) -> Answer {
  const Answer left = expect(Wanted::entity, left_side, prior);
  const Answer right = expect(Wanted::entity_or_entities, right_side, prior);
  const Type* boolean = primitive(TypeKind::boolean);
  if (!left.ok || !right.ok) return failed(boolean);
  const auto uid = uid_of(left_side);
  if (uid && is_action_type(uid->type)) {
    // The hierarchy of actions is in the schema, so this is known before there is a request.
    if (const auto others = uids_of(right_side)) {
      const ActionSchema* action = schema_.action(*uid);
      const bool is_in =
          action != nullptr && std::any_of(others->begin(), others->end(),
                                           [&](const auto& other) { return action->is_in(other); });
      return of(singleton(is_in), true);
    }
  }
  const Type& other = right.type->kind == TypeKind::set ? *right.type->element : *right.type;
  if (!schema_.may_be_in(left.type->name, other.name)) return of(singleton(false), true);
  return of(boolean, true);
}

auto TypeChecker::is(const Expression& expression, const Capabilities& prior) -> Answer {
  const Answer base = expect(Wanted::entity, expression.operands[0], prior);
  if (base.type == nullptr) return failed(primitive(TypeKind::boolean));
  const bool same = base.type->name == expression.text();
  if (expression.operands.size() == 1 || !same) return of(singleton(same), base.ok);
  // a is T in b is a is T && a in b.
  const Answer is_in = in(expression.operands[0], expression.operands[1], prior);
  return of(is_in.type == nullptr ? primitive(TypeKind::boolean) : is_in.type, is_in.ok && base.ok);
}

auto TypeChecker::order(const Expression& expression, const Capabilities& prior) -> Answer {
  const Answer left = check(expression.operands[0], prior);
  const Answer right = check(expression.operands[1], prior);
  const Type* boolean = primitive(TypeKind::boolean);
  if (left.type == nullptr || right.type == nullptr) return failed(boolean);
  if (same_order(*left.type, *right.type)) return of(boolean, left.ok && right.ok);
  const auto expected = [&](const Expression& where, const Type& wanted, const Type& actual) {
    return error(where, "expected " + describe(wanted) + ", found " + describe(actual), boolean);
  };
  if (has_order(*left.type)) {
    return expected(expression.operands[1], *left.type, *right.type);
  }
  if (has_order(*right.type)) return expected(expression.operands[0], *right.type, *left.type);
  return error(
      expression,
      "expected two values of Long, of datetime or of duration" + found(*left.type, *right.type),
      boolean);
}

auto TypeChecker::arithmetic(const Expression& expression, const Capabilities& prior) -> Answer {
  bool ok = true;
  for (const Expression& operand : expression.operands) {
    ok = expect(Wanted::integer, operand, prior).ok && ok;
  }
  return of(primitive(TypeKind::integer), ok);
}

auto TypeChecker::contains(const Expression& expression, const Capabilities& prior) -> Answer {
  const Answer set = expect(Wanted::set, expression.operands[0], prior);
  const Answer item = check(expression.operands[1], prior);
  const Type* element = set.type == nullptr ? nullptr : set.type->element;
  return comparable(expression, element, item.type, set.ok && item.ok);
}

auto TypeChecker::contains_many(const Expression& expression, const Capabilities& prior) -> Answer {
  const Answer left = expect(Wanted::set, expression.operands[0], prior);
  const Answer right = expect(Wanted::set, expression.operands[1], prior);
  return comparable(expression, left.type, right.type, left.ok && right.ok);
}

}  // namespace wenyuan::auth::cedar
