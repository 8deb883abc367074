#include "auth/cedar/validator_shapes.h"

#include <algorithm>
#include <numeric>

namespace wenyuan::auth::cedar {
namespace {

std::string payload_of(const Expression& expression) {
  switch (expression.kind) {
    case ExpressionKind::boolean: return expression.boolean() ? "t" : "f";
    case ExpressionKind::integer: return std::to_string(expression.integer());
    case ExpressionKind::variable: return std::string(name(expression.variable()));
    case ExpressionKind::entity: return to_text(expression.entity());
    case ExpressionKind::string:
    case ExpressionKind::attribute:
    case ExpressionKind::is:
    case ExpressionKind::call: return expression.text();
    case ExpressionKind::like: {
      std::string text;
      for (const std::string& piece : expression.pattern().pieces) {
        text.append(std::to_string(piece.size())).append(":").append(piece);
      }
      return text;
    }
    default: return "";
  }
}

}  // namespace

int Shapes::node(ExpressionKind kind, std::string_view payload, const std::vector<int>& operands) {
  std::string key = std::to_string(static_cast<int>(kind));
  for (const int operand : operands) key.append(",").append(std::to_string(operand));
  key.append(";").append(payload);
  return numbers_.try_emplace(std::move(key), static_cast<int>(numbers_.size())).first->second;
}

int Shapes::attribute(int of_shape, std::string_view name) {
  return node(ExpressionKind::attribute, name, {of_shape});
}

int Shapes::text(std::string_view value) { return node(ExpressionKind::string, value, {}); }

int Shapes::of(const Expression& expression) {
  const auto found = known_.find(&expression);
  if (found != known_.end()) return found->second;
  const int made = make(expression);
  known_.emplace(&expression, made);
  return made;
}

// a && b && c is (a && b) && c.
int Shapes::fold(const Expression& expression, ExpressionKind kind) {
  int left = of(expression.operands.front());
  for (std::size_t i = 1; i < expression.operands.size(); ++i) {
    left = node(kind, "", {left, of(expression.operands[i])});
  }
  return left;
}

// a has b.c is a has b && a.b has c.
int Shapes::has_path(const Expression& expression) {
  int base = of(expression.operands.front());
  int made = -1;
  for (const std::string& name : expression.names()) {
    const int one = node(ExpressionKind::has, name, {base});
    made = made < 0 ? one : node(ExpressionKind::conjunction, "", {made, one});
    base = attribute(base, name);
  }
  return made;
}

int Shapes::make(const Expression& expression) {
  // The operators that Cedar has only as the negation of others.
  const auto negated = [&](ExpressionKind kind) {
    const int inner = node(kind, "", {of(expression.operands[0]), of(expression.operands[1])});
    return node(ExpressionKind::negation, "", {inner});
  };
  std::vector<int> operands;
  switch (expression.kind) {
    case ExpressionKind::conjunction:
    case ExpressionKind::disjunction: return fold(expression, expression.kind);
    case ExpressionKind::has: return has_path(expression);
    case ExpressionKind::not_equal: return negated(ExpressionKind::equal);
    case ExpressionKind::greater: return negated(ExpressionKind::less_equal);
    case ExpressionKind::greater_equal: return negated(ExpressionKind::less);
    case ExpressionKind::is: {
      const int base = of(expression.operands[0]);
      const int test = node(ExpressionKind::is, expression.text(), {base});
      if (expression.operands.size() == 1) return test;
      const int in = node(ExpressionKind::in, "", {base, of(expression.operands[1])});
      return node(ExpressionKind::conjunction, "", {test, in});
    }
    case ExpressionKind::record: {
      // Attributes have no order.
      std::vector<std::size_t> order(expression.operands.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      const std::vector<std::string>& names = expression.names();
      std::sort(order.begin(), order.end(),
                [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
      for (const std::size_t at : order) {
        operands.push_back(text(names[at]));
        operands.push_back(of(expression.operands[at]));
      }
      return node(expression.kind, "", operands);
    }
    default: break;
  }
  for (const Expression& operand : expression.operands) operands.push_back(of(operand));
  return node(expression.kind, payload_of(expression), operands);
}

}  // namespace wenyuan::auth::cedar
