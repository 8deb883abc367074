#include <algorithm>

#include "base/text.h"
#include "llm/template_parser.h"
#include "llm/template_parser_words.h"

namespace wenyuan::llm {
namespace {

using Ptr = TemplateExpressionPtr;

}  // namespace

Error TemplateWords::unexpected(std::string_view wanted) const {
  const TemplateWord& word = peek();
  std::string found = "the end of the template";
  if (word.kind == WordKind::tag_end || word.kind == WordKind::output_end) {
    found = "the end of the tag";
  } else if (word.kind != WordKind::end) {
    found = json_quoted(word.text.substr(0, 40));
  }
  return template_error(word.line, std::string(wanted) + " is expected, not " + found);
}

Status TemplateWords::expect_sign(std::string_view sign) {
  if (!take_sign(sign)) return unexpected(json_quoted(sign));
  return Done{};
}

Status TemplateWords::expect_name(std::string_view name) {
  if (!take_name(name)) return unexpected(name);
  return Done{};
}

Status TemplateWords::expect(WordKind kind, std::string_view wanted) {
  if (!is(kind)) return unexpected(wanted);
  take();
  return Done{};
}

Result<std::string> TemplateWords::expect_any_name(std::string_view wanted) {
  if (!is(WordKind::name)) return unexpected(wanted);
  return take().text;
}

TemplateExpressionParser::Node TemplateExpressionParser::node(ExpressionKind kind,
                                                              std::string name) const {
  auto made = std::make_unique<TemplateExpression>();
  made->kind = kind;
  made->line = words_.line();
  made->name = std::move(name);
  return made;
}

Result<Ptr> TemplateExpressionParser::finished(Node node) {
  const auto count = [&](const Ptr& part) {
    if (part != nullptr) node->depth = std::max(node->depth, part->depth + 1);
  };
  for (const Ptr& part : node->parts) count(part);
  for (const auto& [name, part] : node->named) count(part);
  if (node->depth > kTemplateDepthMax) {
    return template_error(node->line, "the expression is nested too deeply");
  }
  return Ptr(std::move(node));
}

Result<Ptr> TemplateExpressionParser::deeper(Result<Ptr> (TemplateExpressionParser::*read)()) {
  if (depth_ == kTemplateDepthMax) {
    return template_error(words_.line(), "the expression is nested too deeply");
  }
  ++depth_;
  auto result = (this->*read)();
  --depth_;
  return result;
}

Result<Ptr> TemplateExpressionParser::expression() {
  WY_TRY(Ptr value, any_of());
  while (words_.is_name("if")) {
    Node made = node(ExpressionKind::choice);
    words_.take();
    WY_TRY(Ptr condition, any_of());
    Ptr otherwise;
    if (words_.take_name("else")) {
      WY_TRY(otherwise, deeper(&TemplateExpressionParser::expression));
    }
    made->parts.push_back(std::move(condition));
    made->parts.push_back(std::move(value));
    made->parts.push_back(std::move(otherwise));
    WY_TRY(value, finished(std::move(made)));
  }
  return value;
}

Result<Ptr> TemplateExpressionParser::expressions() {
  Node made = node(ExpressionKind::list);
  WY_TRY(Ptr first, expression());
  if (!words_.is_sign(",")) return first;
  made->parts.push_back(std::move(first));
  while (words_.take_sign(",")) {
    if (words_.is_sign(")") || words_.is(WordKind::tag_end) || words_.is(WordKind::output_end)) {
      break;
    }
    WY_TRY(Ptr more, expression());
    made->parts.push_back(std::move(more));
  }
  return finished(std::move(made));
}

Result<Ptr> TemplateExpressionParser::loop_items() { return any_of(); }

Result<Ptr> TemplateExpressionParser::chain(ExpressionKind kind,
                                            Result<Ptr> (TemplateExpressionParser::*operand)(),
                                            std::string_view joint) {
  Node made = node(kind);
  WY_TRY(Ptr first, (this->*operand)());
  const auto more = [&] { return words_.take_name(joint) || words_.take_sign(joint); };
  if (!words_.is_name(joint) && !words_.is_sign(joint)) return first;
  made->parts.push_back(std::move(first));
  while (more()) {
    WY_TRY(Ptr next, (this->*operand)());
    made->parts.push_back(std::move(next));
  }
  return finished(std::move(made));
}

Result<Ptr> TemplateExpressionParser::any_of() {
  return chain(ExpressionKind::any_of, &TemplateExpressionParser::all_of, "or");
}

Result<Ptr> TemplateExpressionParser::all_of() {
  return chain(ExpressionKind::all_of, &TemplateExpressionParser::negation, "and");
}

Result<Ptr> TemplateExpressionParser::negation() {
  if (!words_.is_name("not")) return compare();
  Node made = node(ExpressionKind::negation);
  words_.take();
  WY_TRY(Ptr value, deeper(&TemplateExpressionParser::negation));
  made->parts.push_back(std::move(value));
  return finished(std::move(made));
}

Result<Ptr> TemplateExpressionParser::compare() {
  Node made = node(ExpressionKind::compare);
  WY_TRY(Ptr first, sum());
  made->parts.push_back(std::move(first));
  const auto next_operator = [&]() -> std::string {
    for (const char* sign : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (words_.take_sign(sign)) return sign;
    }
    if (words_.take_name("in")) return "in";
    const TemplateWord& second = words_.peek(1);
    if (words_.is_name("not") && second.kind == WordKind::name && second.text == "in") {
      words_.take();
      words_.take();
      return "not in";
    }
    return "";
  };
  for (std::string sign = next_operator(); !sign.empty(); sign = next_operator()) {
    made->operators.push_back(std::move(sign));
    WY_TRY(Ptr operand, sum());
    made->parts.push_back(std::move(operand));
  }
  if (made->operators.empty()) return std::move(made->parts[0]);
  return finished(std::move(made));
}

Result<Ptr> TemplateExpressionParser::arithmetic(Result<Ptr> (TemplateExpressionParser::*operand)(),
                                                 std::initializer_list<std::string_view> signs) {
  WY_TRY(Ptr value, (this->*operand)());
  for (;;) {
    const auto sign = std::find_if(signs.begin(), signs.end(),
                                   [&](std::string_view text) { return words_.is_sign(text); });
    if (sign == signs.end()) return value;
    Node made = node(ExpressionKind::arithmetic, std::string(*sign));
    words_.take();
    WY_TRY(Ptr right, (this->*operand)());
    made->parts.push_back(std::move(value));
    made->parts.push_back(std::move(right));
    WY_TRY(value, finished(std::move(made)));
  }
}

Result<Ptr> TemplateExpressionParser::sum() {
  return arithmetic(&TemplateExpressionParser::joined, {"+", "-"});
}

Result<Ptr> TemplateExpressionParser::joined() {
  return chain(ExpressionKind::joined, &TemplateExpressionParser::product, "~");
}

Result<Ptr> TemplateExpressionParser::product() {
  return arithmetic(&TemplateExpressionParser::power, {"*", "/", "//", "%"});
}

Result<Ptr> TemplateExpressionParser::power() {
  return arithmetic(&TemplateExpressionParser::signed_value, {"**"});
}

Result<Ptr> TemplateExpressionParser::signed_value() { return sign_of(true); }

Result<Ptr> TemplateExpressionParser::sign_of(bool with_filters) {
  Ptr value;
  if (words_.is_sign("-") || words_.is_sign("+")) {
    if (++depth_ > kTemplateDepthMax) {
      return template_error(words_.line(), "the expression is nested too deeply");
    }
    Node made = node(ExpressionKind::sign, words_.take().text);
    WY_TRY(Ptr inner, sign_of(false));
    --depth_;
    made->parts.push_back(std::move(inner));
    WY_TRY(value, finished(std::move(made)));
  } else {
    WY_TRY(value, primary());
  }
  WY_TRY(value, postfix(std::move(value)));
  if (!with_filters) return value;
  return filters_and_tests(std::move(value));
}

}  // namespace wenyuan::llm
