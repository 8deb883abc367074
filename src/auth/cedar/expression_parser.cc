#include "auth/cedar/expression_parser.h"

#include <algorithm>
#include <utility>

namespace wenyuan::auth::cedar {
namespace {

struct Operator {
  std::string_view sign;
  ExpressionKind kind;
};

constexpr Operator kComparisons[] = {
    {"==", ExpressionKind::equal},  {"!=", ExpressionKind::not_equal},
    {"<", ExpressionKind::less},    {"<=", ExpressionKind::less_equal},
    {">", ExpressionKind::greater}, {">=", ExpressionKind::greater_equal},
};

constexpr std::size_t kUnaryMax = 4;  // Cedar's limit on !!!! and ----

bool begins_relation(const TokenReader& reader) {
  if (reader.peek().kind == TokenKind::word) {
    return reader.is_word("in") || reader.is_word("has") || reader.is_word("like") ||
           reader.is_word("is");
  }
  return std::any_of(std::begin(kComparisons), std::end(kComparisons),
                     [&](const Operator& each) { return reader.is_sign(each.sign); });
}

}  // namespace

Result<Expression> ExpressionParser::parse() {
  WY_TRY(auto tree, any());
  return std::move(tree.expression);
}

auto ExpressionParser::any() -> Result<Tree> {
  if (++depth_ > options_.depth_max) {
    return reader_.error_at(reader_.peek().span, "the expression is nested too deeply");
  }
  auto tree = reader_.is_word("if") ? conditional() : disjunction();
  --depth_;
  return tree;
}

auto ExpressionParser::conditional() -> Result<Tree> {
  const Span from = reader_.take().span;
  std::vector<Tree> parts;
  WY_TRY(auto condition, any());
  parts.push_back(std::move(condition));
  if (!reader_.take_word("then")) return reader_.expected("`then`");
  WY_TRY(auto then, any());
  parts.push_back(std::move(then));
  if (!reader_.take_word("else")) return reader_.expected("`else`");
  WY_TRY(auto otherwise, any());
  parts.push_back(std::move(otherwise));
  return node(ExpressionKind::conditional, std::move(parts), {}, from);
}

auto ExpressionParser::disjunction() -> Result<Tree> {
  WY_TRY(auto first, conjunction());
  if (!reader_.is_sign("||")) return first;
  const Span from = first.expression.span;
  std::vector<Tree> operands;
  operands.push_back(std::move(first));
  while (reader_.take_sign("||")) {
    WY_TRY(auto next, conjunction());
    operands.push_back(std::move(next));
  }
  return node(ExpressionKind::disjunction, std::move(operands), {}, from);
}

auto ExpressionParser::conjunction() -> Result<Tree> {
  WY_TRY(auto first, relation());
  if (!reader_.is_sign("&&")) return first;
  const Span from = first.expression.span;
  std::vector<Tree> operands;
  operands.push_back(std::move(first));
  while (reader_.take_sign("&&")) {
    WY_TRY(auto next, relation());
    operands.push_back(std::move(next));
  }
  return node(ExpressionKind::conjunction, std::move(operands), {}, from);
}

auto ExpressionParser::relation() -> Result<Tree> {
  WY_TRY(auto left, sum());
  auto related = [&]() -> Result<Tree> {
    if (reader_.take_word("has")) return has(std::move(left));
    if (reader_.take_word("like")) return like(std::move(left));
    if (reader_.take_word("is")) return is(std::move(left));
    if (reader_.take_word("in")) {
      WY_TRY(auto right, sum());
      return binary(ExpressionKind::in, std::move(left), std::move(right));
    }
    for (const Operator& each : kComparisons) {
      if (!reader_.take_sign(each.sign)) continue;
      WY_TRY(auto right, sum());
      return binary(each.kind, std::move(left), std::move(right));
    }
    return std::move(left);
  }();
  if (related && reader_.is_sign("=")) return reader_.expected("`==`");
  if (related && begins_relation(reader_)) {
    return reader_.expected("`&&` or `||` or the end of the expression (comparisons do not chain)");
  }
  return related;
}

auto ExpressionParser::has(Tree left) -> Result<Tree> {
  const Span from = left.expression.span;
  std::vector<std::string> names;
  if (reader_.peek().kind == TokenKind::string) {
    WY_TRY(auto name, reader_.expect_string("an attribute"));
    names.push_back(std::move(name));
  } else {
    do {
      WY_TRY(auto name, reader_.expect_identifier("the name of an attribute"));
      names.push_back(std::move(name));
    } while (reader_.take_sign("."));
  }
  // Walks make an access of each name, which is as deep as if it had been written out.
  left.height += names.size();
  std::vector<Tree> operands;
  operands.push_back(std::move(left));
  return node(ExpressionKind::has, std::move(operands), std::move(names), from);
}

auto ExpressionParser::like(Tree left) -> Result<Tree> {
  const Span from = left.expression.span;
  WY_TRY(Pattern pattern, reader_.expect_pattern());
  std::vector<Tree> operands;
  operands.push_back(std::move(left));
  return node(ExpressionKind::like, std::move(operands), std::move(pattern), from);
}

auto ExpressionParser::is(Tree left) -> Result<Tree> {
  const Span from = left.expression.span;
  WY_TRY(std::string type, path("the name of an entity type"));
  std::vector<Tree> operands;
  operands.push_back(std::move(left));
  if (reader_.take_word("in")) {
    WY_TRY(auto ancestor, sum());
    operands.push_back(std::move(ancestor));
  }
  return node(ExpressionKind::is, std::move(operands), std::move(type), from);
}

auto ExpressionParser::sum() -> Result<Tree> {
  WY_TRY(auto left, product());
  while (reader_.is_sign("+") || reader_.is_sign("-")) {
    const bool plus = reader_.take().text == "+";
    WY_TRY(auto right, product());
    auto joined = binary(plus ? ExpressionKind::plus : ExpressionKind::subtract, std::move(left),
                         std::move(right));
    if (!joined) return joined;
    left = *std::move(joined);
  }
  return left;
}

auto ExpressionParser::product() -> Result<Tree> {
  WY_TRY(auto left, unary());
  for (;;) {
    if (reader_.is_sign("/") || reader_.is_sign("%")) {
      return reader_.error_at(reader_.peek().span, "Cedar has no division and no remainder");
    }
    if (!reader_.take_sign("*")) return left;
    WY_TRY(auto right, unary());
    auto joined = binary(ExpressionKind::times, std::move(left), std::move(right));
    if (!joined) return joined;
    left = *std::move(joined);
  }
}

auto ExpressionParser::unary() -> Result<Tree> {
  if (reader_.is_sign("-")) return minus(reader_.peek());
  if (!reader_.is_sign("!")) return member();
  const Span from = reader_.peek().span;
  std::size_t count = 0;
  while (reader_.take_sign("!")) ++count;
  if (count > kUnaryMax) return reader_.error_at(from, "at most four `!` may follow each other");
  auto tree = member();
  for (; tree && count > 0; --count) {
    std::vector<Tree> operand;
    operand.push_back(*std::move(tree));
    tree = node(ExpressionKind::negation, std::move(operand), {}, from);
  }
  return tree;
}

auto ExpressionParser::minus(const Token& first) -> Result<Tree> {
  const Span from = first.span;
  std::size_t count = 0;
  Span last = from;
  while (reader_.is_sign("-")) {
    last = reader_.take().span;
    ++count;
  }
  if (count > kUnaryMax) return reader_.error_at(from, "at most four `-` may follow each other");
  if (reader_.peek().kind != TokenKind::integer) return negated(member(), count, from);
  const Token digits = reader_.take();
  if (reader_.is_sign(".") || reader_.is_sign("[")) {
    return negated(accesses(integer(false, digits, digits.span)), count, from);
  }
  // The last sign belongs to the number, or the least integer could not be written.
  return negated(integer(true, digits, last), count - 1, from);
}

auto ExpressionParser::negated(Result<Tree> tree, std::size_t count, const Span& from)
    -> Result<Tree> {
  for (; tree && count > 0; --count) {
    std::vector<Tree> operand;
    operand.push_back(*std::move(tree));
    tree = node(ExpressionKind::minus, std::move(operand), {}, from);
  }
  return tree;
}

auto ExpressionParser::leaf(ExpressionKind kind, Expression::Payload payload, const Span& from)
    -> Result<Tree> {
  return node(kind, {}, std::move(payload), from);
}

auto ExpressionParser::node(ExpressionKind kind, std::vector<Tree> operands,
                            Expression::Payload payload, const Span& from) -> Result<Tree> {
  Tree made;
  made.expression.kind = kind;
  made.expression.payload = std::move(payload);
  made.expression.span = reader_.since(from);
  made.expression.operands.reserve(operands.size());
  for (Tree& operand : operands) {
    made.height = std::max(made.height, operand.height + 1);
    made.expression.operands.push_back(std::move(operand.expression));
  }
  if (made.height > options_.depth_max) {
    return reader_.error_at(from, "the expression is nested too deeply");
  }
  if (++node_count_ > options_.node_count_max) {
    return Error{ErrorCode::too_large, at(from) + "the policies are too large"};
  }
  return made;
}

auto ExpressionParser::binary(ExpressionKind kind, Tree left, Tree right) -> Result<Tree> {
  const Span from = left.expression.span;
  std::vector<Tree> operands;
  operands.reserve(2);
  operands.push_back(std::move(left));
  operands.push_back(std::move(right));
  return node(kind, std::move(operands), {}, from);
}

}  // namespace wenyuan::auth::cedar
