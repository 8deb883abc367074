// The words of a template, read one after the other by its parsers.
#pragma once

#include <string_view>
#include <vector>

#include "llm/template_lexer.h"
#include "llm/template_tree.h"

namespace wenyuan::llm {

class TemplateWords {
 public:
  explicit TemplateWords(std::vector<TemplateWord> words) : words_(std::move(words)) {}

  const TemplateWord& peek(std::size_t ahead = 0) const {
    return words_[std::min(at_ + ahead, words_.size() - 1)];
  }
  TemplateWord take() { return words_[at_ + 1 < words_.size() ? at_++ : at_]; }
  int line() const { return peek().line; }

  bool is(WordKind kind) const { return peek().kind == kind; }
  bool is_sign(std::string_view sign) const { return is(WordKind::sign) && peek().text == sign; }
  bool is_name(std::string_view name) const { return is(WordKind::name) && peek().text == name; }
  bool take_sign(std::string_view sign) { return is_sign(sign) && (take(), true); }
  bool take_name(std::string_view name) { return is_name(name) && (take(), true); }

  Error unexpected(std::string_view wanted) const;
  Status expect_sign(std::string_view sign);
  Status expect_name(std::string_view name);
  Status expect(WordKind kind, std::string_view wanted);
  Result<std::string> expect_any_name(std::string_view wanted);

 private:
  std::vector<TemplateWord> words_;  // the last one is `end`, which is never taken
  std::size_t at_ = 0;
};

// Reads expressions.
class TemplateExpressionParser {
 public:
  explicit TemplateExpressionParser(TemplateWords& words) : words_(words) {}

  Result<TemplateExpressionPtr> expression();
  // Several, with commas between them, are a list.
  Result<TemplateExpressionPtr> expressions();
  // What a loop goes over: no `if` of its own.
  Result<TemplateExpressionPtr> loop_items();
  // name|name(…)|… applied to `input`; at the first name.
  Result<TemplateExpressionPtr> filters(TemplateExpressionPtr input);

 private:
  using Ptr = TemplateExpressionPtr;
  using Node = std::unique_ptr<TemplateExpression>;

  Result<Ptr> deeper(Result<Ptr> (TemplateExpressionParser::*read)());
  Result<Ptr> any_of();
  Result<Ptr> all_of();
  Result<Ptr> negation();
  Result<Ptr> compare();
  Result<Ptr> sum();
  Result<Ptr> joined();
  Result<Ptr> product();
  Result<Ptr> power();
  Result<Ptr> signed_value();
  Result<Ptr> sign_of(bool with_filters);
  Result<Ptr> primary();
  Result<Ptr> in_parentheses();
  Result<Ptr> list();
  Result<Ptr> dict();
  Result<Ptr> postfix(Ptr base);
  Result<Ptr> subscript(Ptr base);
  Result<Ptr> filters_and_tests(Ptr base);
  Result<Ptr> test(Ptr base);
  Status arguments(TemplateExpression& call);
  Result<Ptr> arithmetic(Result<Ptr> (TemplateExpressionParser::*operand)(),
                         std::initializer_list<std::string_view> signs);
  Result<Ptr> chain(ExpressionKind kind, Result<Ptr> (TemplateExpressionParser::*operand)(),
                    std::string_view joint);

  Node node(ExpressionKind kind, std::string name = {}) const;
  // Knows its depth now; refused when there is too much of it.
  static Result<Ptr> finished(Node node);

  TemplateWords& words_;
  int depth_ = 0;
};

}  // namespace wenyuan::llm
