#include "auth/policy/parser.h"

#include <algorithm>
#include <utility>

#include "auth/policy/lexer.h"

namespace wenyuan::auth::policy {
namespace {

std::string shown(const Token& token) {
  switch (token.kind) {
    case TokenKind::end: return "the end";
    case TokenKind::text: return "a text";
    case TokenKind::word:
    case TokenKind::integer:
    case TokenKind::sign: break;
  }
  constexpr std::size_t kShownMax = 32;
  return "'" + token.text.substr(0, kShownMax) + (token.text.size() > kShownMax ? "…'" : "'");
}

bool is_keyword(std::string_view word) {
  static constexpr std::string_view kKeywords[] = {"allow", "deny", "if",  "and",  "or",
                                                   "not",   "in",   "has", "true", "false"};
  return std::ranges::find(kKeywords, word) != std::end(kKeywords);
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Rule> policy() {
    Rule rule;
    if (accept(TokenKind::word, "allow")) {
      rule.effect = Effect::allow;
      rule.action = Action::read;
    } else if (accept(TokenKind::word, "deny")) {
      rule.effect = Effect::deny;
    } else {
      return expected("'allow' or 'deny'");
    }
    const Action actions[] = {Action::read, Action::write, Action::manage};
    const std::string_view names[] = {"read", "write", "manage"};
    bool named = false;
    for (std::size_t i = 0; i < std::size(actions) && !named; ++i) {
      named = accept(TokenKind::word, names[i]);
      if (named) rule.action = actions[i];
    }
    if (!accept(TokenKind::word, "if")) {
      return expected(named ? "'if'" : "'if', 'read', 'write' or 'manage'");
    }
    WY_TRY(rule.condition, any());
    if (peek().kind != TokenKind::end) return expected("'and', 'or' or the end");
    return rule;
  }

 private:
  // Counts how deep the functions below stand in each other; they recurse only through it.
  class Deeper {
   public:
    explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
    ~Deeper() { --depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    int& depth_;
  };

  const Token& peek() const { return tokens_[at_]; }
  Token take() {
    Token token = std::move(tokens_[at_]);
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool is(TokenKind kind, std::string_view text) const {
    return peek().kind == kind && peek().text == text;
  }
  bool accept(TokenKind kind, std::string_view text) {
    if (!is(kind, text)) return false;
    ++at_;  // words and signs are never the last token
    return true;
  }
  bool accept_sign(std::string_view text) { return accept(TokenKind::sign, text); }

  Error expected(std::string_view what) const {
    return error_at(peek().at, "expected " + std::string(what) + ", found " + shown(peek()));
  }
  Status count_node(Position at) {
    if (++node_count_ > kNodeCountMax) {
      return error_at(at, "the policy has more than 1000 parts");
    }
    return Done{};
  }
  Status check_depth() const {
    if (depth_ <= kNestingMax) return Done{};
    return error_at(peek().at, "more than 64 parentheses and nots inside each other");
  }

  Result<Expression> any() { return chain<Any>("or", &Parser::all); }
  Result<Expression> all() { return chain<All>("and", &Parser::unary); }

  template <class Node>
  Result<Expression> chain(std::string_view word, Result<Expression> (Parser::*part)()) {
    const Position at = peek().at;
    WY_TRY(Expression first, (this->*part)());
    if (!is(TokenKind::word, word)) return first;
    WY_RETURN_IF_ERROR(count_node(at));
    Node node;
    node.operands.push_back(std::move(first));
    while (accept(TokenKind::word, word)) {
      WY_TRY(Expression next, (this->*part)());
      node.operands.push_back(std::move(next));
    }
    return Expression{at, std::move(node)};
  }

  Result<Expression> unary() {
    const Position at = peek().at;
    if (!accept(TokenKind::word, "not")) return comparison();
    const Deeper deeper(depth_);
    WY_RETURN_IF_ERROR(check_depth());
    WY_RETURN_IF_ERROR(count_node(at));
    WY_TRY(Expression operand, unary());
    return Expression{at, Not{std::make_unique<Expression>(std::move(operand))}};
  }

  Result<Expression> comparison() {
    const Position at = peek().at;
    WY_TRY(Expression left, operand());
    if (accept(TokenKind::word, "in")) {
      WY_RETURN_IF_ERROR(count_node(at));
      WY_TRY(Expression right, operand());
      return Expression{at, In{std::make_unique<Expression>(std::move(left)),
                               std::make_unique<Expression>(std::move(right))}};
    }
    const auto sign = comparison_sign();
    if (!sign) return left;
    WY_RETURN_IF_ERROR(count_node(at));
    WY_TRY(Expression right, operand());
    return Expression{at, Compare{*sign, std::make_unique<Expression>(std::move(left)),
                                  std::make_unique<Expression>(std::move(right))}};
  }

  std::optional<Comparison> comparison_sign() {
    static constexpr std::pair<std::string_view, Comparison> kSigns[] = {
        {"==", Comparison::equal},  {"!=", Comparison::not_equal},
        {"<", Comparison::less},    {"<=", Comparison::less_or_equal},
        {">", Comparison::greater}, {">=", Comparison::greater_or_equal}};
    for (const auto& [sign, comparison] : kSigns) {
      if (accept_sign(sign)) return comparison;
    }
    return std::nullopt;
  }

  Result<Expression> operand() {
    const Position at = peek().at;
    if (accept_sign("(")) return parenthesis();
    WY_RETURN_IF_ERROR(count_node(at));
    if (accept_sign("[")) return list(at);
    if (peek().kind == TokenKind::text) return Expression{at, Literal(take().text)};
    if (peek().kind == TokenKind::integer) return Expression{at, Literal(take().number)};
    if (accept(TokenKind::word, "true")) return Expression{at, Literal(true)};
    if (accept(TokenKind::word, "false")) return Expression{at, Literal(false)};
    if (accept(TokenKind::word, "user")) return of_entity(at, Entity::user);
    if (accept(TokenKind::word, "resource")) return of_entity(at, Entity::resource);
    if (peek().kind == TokenKind::word && !is_keyword(peek().text)) {
      return expected("a value, 'user' or 'resource' (texts stand in \"…\")");
    }
    return expected("a value, 'user' or 'resource'");
  }

  Result<Expression> parenthesis() {
    const Deeper deeper(depth_);
    WY_RETURN_IF_ERROR(check_depth());
    WY_TRY(Expression inner, any());
    if (!accept_sign(")")) return expected("')'");
    return inner;
  }

  // What follows `user` or `resource`.
  Result<Expression> of_entity(Position at, Entity entity) {
    const bool has = accept(TokenKind::word, "has");
    if (!has && !accept_sign(".")) return expected("'.' or 'has'");
    if (peek().kind != TokenKind::word) return expected("the name of an attribute");
    if (has) return Expression{at, Has{entity, take().text}};
    return Expression{at, Attribute{entity, take().text}};
  }

  // After the opening bracket.
  Result<Expression> list(Position at) {
    if (accept_sign("]")) return Expression{at, Literal(std::vector<std::string>{})};
    if (peek().kind == TokenKind::text) return list_of<std::string>(at, TokenKind::text);
    if (peek().kind == TokenKind::integer) return list_of<std::int64_t>(at, TokenKind::integer);
    return expected("a text, a whole number or ']'");
  }

  template <class Item>
  Result<Expression> list_of(Position at, TokenKind kind) {
    std::vector<Item> items;
    do {
      if (peek().kind != kind) {
        return expected(kind == TokenKind::text ? "a text" : "a whole number");
      }
      WY_RETURN_IF_ERROR(count_node(peek().at));
      if constexpr (std::is_same_v<Item, std::string>) {
        items.push_back(take().text);
      } else {
        items.push_back(take().number);
      }
    } while (accept_sign(","));
    if (!accept_sign("]")) return expected("',' or ']'");
    return Expression{at, Literal(std::move(items))};
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int node_count_ = 0;
};

}  // namespace

Result<Rule> parse(std::string_view text) {
  WY_TRY(std::vector<Token> found, tokens(text));
  return Parser(std::move(found)).policy();
}

}  // namespace wenyuan::auth::policy
