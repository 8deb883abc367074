// The innermost parts of expressions: literals, members, calls, filters and tests.
#include <algorithm>

#include "llm/template_parser_words.h"

namespace wenyuan::llm {
namespace {

using Ptr = TemplateExpressionPtr;

}  // namespace

Result<Ptr> TemplateExpressionParser::primary() {
  Node made = node(ExpressionKind::literal);
  switch (words_.peek().kind) {
    case WordKind::string: {
      std::string text;
      while (words_.is(WordKind::string)) text += words_.take().text;
      made->literal = TemplateText(text, Origin::model);
      return finished(std::move(made));
    }
    case WordKind::integer:
      made->literal = TemplateValue::Data(words_.take().integer);
      return finished(std::move(made));
    case WordKind::real:
      made->literal = TemplateValue::Data(words_.take().real);
      return finished(std::move(made));
    case WordKind::name: break;
    default:
      if (words_.is_sign("(")) return deeper(&TemplateExpressionParser::in_parentheses);
      if (words_.is_sign("[")) return deeper(&TemplateExpressionParser::list);
      if (words_.is_sign("{")) return deeper(&TemplateExpressionParser::dict);
      return words_.unexpected("a value");
  }
  const std::string name = words_.take().text;
  if (name == "true" || name == "True") {
    made->literal = TemplateValue::Data(true);
  } else if (name == "false" || name == "False") {
    made->literal = TemplateValue::Data(false);
  } else if (name == "none" || name == "None") {
    made->literal = TemplateValue::Data(None{});
  } else {
    made->kind = ExpressionKind::name;
    made->name = name;
  }
  return finished(std::move(made));
}

Result<Ptr> TemplateExpressionParser::in_parentheses() {
  Node empty = node(ExpressionKind::list);
  words_.take();
  if (words_.take_sign(")")) return finished(std::move(empty));
  WY_TRY(Ptr value, expressions());
  WY_RETURN_IF_ERROR(words_.expect_sign(")"));
  return value;
}

Result<Ptr> TemplateExpressionParser::list() {
  Node made = node(ExpressionKind::list);
  words_.take();
  while (!words_.is_sign("]")) {
    WY_TRY(Ptr item, expression());
    made->parts.push_back(std::move(item));
    if (!words_.take_sign(",")) break;
  }
  WY_RETURN_IF_ERROR(words_.expect_sign("]"));
  return finished(std::move(made));
}

Result<Ptr> TemplateExpressionParser::dict() {
  Node made = node(ExpressionKind::dict);
  words_.take();
  while (!words_.is_sign("}")) {
    WY_TRY(Ptr key, expression());
    WY_RETURN_IF_ERROR(words_.expect_sign(":"));
    WY_TRY(Ptr value, expression());
    made->parts.push_back(std::move(key));
    made->parts.push_back(std::move(value));
    if (!words_.take_sign(",")) break;
  }
  WY_RETURN_IF_ERROR(words_.expect_sign("}"));
  return finished(std::move(made));
}

Result<Ptr> TemplateExpressionParser::postfix(Ptr base) {
  for (;;) {
    if (words_.take_sign(".")) {
      Node made = node(ExpressionKind::attribute);
      if (words_.is(WordKind::integer)) {
        made->kind = ExpressionKind::item;
        WY_TRY(Ptr index, primary());
        made->parts.push_back(std::move(base));
        made->parts.push_back(std::move(index));
      } else {
        WY_TRY(made->name, words_.expect_any_name("a member"));
        made->parts.push_back(std::move(base));
      }
      WY_TRY(base, finished(std::move(made)));
    } else if (words_.is_sign("[")) {
      WY_TRY(base, subscript(std::move(base)));
    } else if (words_.is_sign("(")) {
      Node made = node(ExpressionKind::call);
      made->parts.push_back(std::move(base));
      WY_RETURN_IF_ERROR(arguments(*made));
      WY_TRY(base, finished(std::move(made)));
    } else {
      return base;
    }
  }
}

Result<Ptr> TemplateExpressionParser::subscript(Ptr base) {
  Node made = node(ExpressionKind::item);
  made->parts.push_back(std::move(base));
  words_.take();
  const auto at_bound = [&] { return !words_.is_sign(":") && !words_.is_sign("]"); };
  Ptr bound;
  if (at_bound()) {
    WY_TRY(bound, deeper(&TemplateExpressionParser::expression));
  }
  if (!words_.is_sign(":") && bound == nullptr) return words_.unexpected("an index");
  made->parts.push_back(std::move(bound));
  while (words_.is_sign(":") && made->parts.size() < 4) {
    made->kind = ExpressionKind::slice;
    words_.take();
    Ptr next;
    if (at_bound()) {
      WY_TRY(next, deeper(&TemplateExpressionParser::expression));
    }
    made->parts.push_back(std::move(next));
  }
  WY_RETURN_IF_ERROR(words_.expect_sign("]"));
  if (made->kind == ExpressionKind::slice) made->parts.resize(4);
  return finished(std::move(made));
}

// At the opening parenthesis.
Status TemplateExpressionParser::arguments(TemplateExpression& call) {
  WY_RETURN_IF_ERROR(words_.expect_sign("("));
  while (!words_.is_sign(")")) {
    const TemplateWord& second = words_.peek(1);
    const bool named =
        words_.is(WordKind::name) && second.kind == WordKind::sign && second.text == "=";
    std::string name;
    if (named) {
      name = words_.take().text;
      words_.take();
    }
    WY_TRY(Ptr value, deeper(&TemplateExpressionParser::expression));
    if (named) {
      call.named.emplace_back(std::move(name), std::move(value));
    } else if (!call.named.empty()) {
      return template_error(words_.line(), "an argument without a name follows one with a name");
    } else {
      call.parts.push_back(std::move(value));
    }
    if (!words_.take_sign(",")) break;
  }
  return words_.expect_sign(")");
}

Result<Ptr> TemplateExpressionParser::filters_and_tests(Ptr base) {
  for (;;) {
    if (words_.take_sign("|")) {
      WY_TRY(base, filters(std::move(base)));
    } else if (words_.is_name("is")) {
      WY_TRY(base, test(std::move(base)));
    } else if (words_.is_sign("(")) {
      WY_TRY(base, postfix(std::move(base)));
    } else {
      return base;
    }
  }
}

Result<Ptr> TemplateExpressionParser::filters(Ptr input) {
  for (;;) {
    Node made = node(ExpressionKind::filter);
    WY_TRY(made->name, words_.expect_any_name("a filter"));
    made->parts.push_back(std::move(input));
    if (words_.is_sign("(")) WY_RETURN_IF_ERROR(arguments(*made));
    WY_TRY(input, finished(std::move(made)));
    if (!words_.take_sign("|")) return input;
  }
}

Result<Ptr> TemplateExpressionParser::test(Ptr base) {
  words_.take();
  const bool negated = words_.take_name("not");
  Node made = node(ExpressionKind::test);
  WY_TRY(made->name, words_.expect_any_name("a test"));
  made->parts.push_back(std::move(base));
  const bool plain_name = words_.is(WordKind::name) && !words_.is_name("else") &&
                          !words_.is_name("or") && !words_.is_name("and") &&
                          !words_.is_name("is") && !words_.is_name("if") && !words_.is_name("in") &&
                          !words_.is_name("not");
  if (words_.is_sign("(")) {
    WY_RETURN_IF_ERROR(arguments(*made));
  } else if (plain_name || words_.is(WordKind::string) || words_.is(WordKind::integer) ||
             words_.is(WordKind::real) || words_.is_sign("[") || words_.is_sign("{")) {
    WY_TRY(Ptr argument, primary());
    WY_TRY(argument, postfix(std::move(argument)));
    made->parts.push_back(std::move(argument));
  }
  if (!made->named.empty()) return template_error(made->line, "tests take no named arguments");
  WY_TRY(Ptr tested, finished(std::move(made)));
  if (!negated) return tested;
  Node negation_node = node(ExpressionKind::negation);
  negation_node->parts.push_back(std::move(tested));
  return finished(std::move(negation_node));
}

}  // namespace wenyuan::llm
