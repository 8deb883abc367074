// Parses expressions: what stands between the braces of `when` and `unless`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/parser.h"
#include "auth/cedar/token_reader.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

class ExpressionParser {
 public:
  // Both must outlive the parser. The limit on nodes counts over all that one parser parses.
  ExpressionParser(TokenReader& reader, const ParseOptions& options)
      : reader_(reader), options_(options) {}

  Result<Expression> parse();
  // User, or Company::User.
  Result<std::string> path(std::string_view what);

 private:
  // An expression, and how many levels it has.
  struct Tree {
    Expression expression;
    std::size_t height = 1;
  };
  // What stands at the beginning of a member access: a value, or a path that is not one yet.
  struct Path {
    std::string text;
    Span span;
  };

  Result<Tree> any();
  Result<Tree> conditional();
  Result<Tree> disjunction();
  Result<Tree> conjunction();
  Result<Tree> relation();
  Result<Tree> has(Tree left);
  Result<Tree> like(Tree left);
  Result<Tree> is(Tree left);
  Result<Tree> sum();
  Result<Tree> product();
  Result<Tree> unary();
  Result<Tree> minus(const Token& first);
  Result<Tree> negated(Result<Tree> tree, std::size_t count, const Span& from);
  Result<Tree> member();
  Result<Tree> accesses(Result<Tree> tree);
  Result<Tree> dot(Tree left);
  Result<Tree> method(Tree left, const Token& name);
  Result<Tree> index(Tree left);
  Result<Tree> primary();
  Result<Tree> integer(bool negative, const Token& digits, const Span& from);
  Result<Tree> word();
  Result<Tree> variable_or_call(const Path& path);
  Result<Tree> entity(Path path);
  Result<Tree> set();
  Result<Tree> record();
  Result<std::string> record_key();
  Result<std::vector<Tree>> arguments();

  Result<Tree> leaf(ExpressionKind kind, Expression::Payload payload, const Span& from);
  Result<Tree> node(ExpressionKind kind, std::vector<Tree> operands, Expression::Payload payload,
                    const Span& from);
  Result<Tree> binary(ExpressionKind kind, Tree left, Tree right);

  TokenReader& reader_;
  const ParseOptions& options_;
  std::size_t depth_ = 0;  // of the recursion, which parentheses drive without making a node
  std::size_t node_count_ = 0;
};

}  // namespace wenyuan::auth::cedar
