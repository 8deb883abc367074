#include "auth/cedar/parser.h"

#include <gtest/gtest.h>

namespace wenyuan::auth::cedar {
namespace {

std::string message(std::string_view text) {
  const auto policies = parse_policies(text);
  return policies ? "parsed" : policies.error().message;
}

std::string expression_message(std::string_view text) {
  const auto expression = parse_expression(text);
  return expression ? "parsed" : expression.error().message;
}

Expression parsed(std::string_view text) {
  auto expression = parse_expression(text);
  EXPECT_TRUE(expression) << text << ": " << expression.error().message;
  return expression ? *std::move(expression) : Expression();
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(CedarParser, NumbersPoliciesAndTemplatesInTheOrderOfTheText) {
  const auto policies = parse_policies(
      "permit(principal, action, resource); // one\n"
      "forbid(principal == ?principal, action, resource,);\n"
      "@id(\"mine\") forbid(principal, action, resource);");
  ASSERT_TRUE(policies) << policies.error().message;
  ASSERT_EQ(policies->policies().size(), 2u);
  EXPECT_EQ(policies->policies()[0].id, "policy0");
  EXPECT_EQ(policies->templates().at(0).id, "policy1");
  EXPECT_EQ(policies->policies()[1].id, "policy2");
  EXPECT_EQ(policies->policies()[1].annotations.at("id"), "mine");
  EXPECT_EQ(policies->policies()[1].effect, Effect::forbid);
  EXPECT_EQ(policies->policies()[1].span.line, 3u);
}

TEST(CedarParser, TakesIdsFromAnnotationsWhenAsked) {
  const std::string text =
      "@id(\"a\") permit(principal, action, resource);permit(principal, action, resource);";
  const auto policies = parse_policies(text, {.id_from_annotation = true});
  ASSERT_TRUE(policies);
  EXPECT_NE(policies->find("a"), nullptr);
  EXPECT_NE(policies->find("policy1"), nullptr);
  const auto twice = parse_policies(text + text, {.id_from_annotation = true});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message,
            "line 1, column 82: there is already a policy with the id \"a\"");
}

TEST(CedarParser, SaysWhereWhatWasExpectedAndWhatWasFound) {
  EXPECT_EQ(message("permit(principal, action resource);"),
            "line 1, column 26: expected `==`, `in` or `,`, found `resource`");
  EXPECT_EQ(message("permit(principal, action, resource)\nwhen { 文 };"),
            "line 2, column 8: expected an expression, found a character that has no meaning here");
  EXPECT_EQ(message("permit(principal, action, resource) when { true }"),
            "line 1, column 50: expected `when`, `unless` or `;`, found the end of the text");
  EXPECT_EQ(message("allow(principal, action, resource);"),
            "line 1, column 1: expected `permit` or `forbid`, found `allow`");
  EXPECT_EQ(message("permit(principal, action, resource) when { \"文文\" = 1 };"),
            "line 1, column 49: expected `==`, found `=`");
  EXPECT_EQ(message("permit(principal == \"alice\", action, resource);"),
            "line 1, column 21: expected an entity such as User::\"alice\", found `\"alice\"`");
  EXPECT_EQ(message("permit(principal, action == User::\"x\", resource);"),
            "line 1, column 19: User::\"x\" is not an action: its type is not Action");
  EXPECT_EQ(message("permit(principal == ?resource, action, resource);"),
            "line 1, column 21: expected an entity or the slot `?principal`, found `?resource`");
  EXPECT_EQ(message("permit(principal, action, resource) when { \"a\\q\" == 1 };"),
            "line 1, column 46: an escape is one of \\n \\r \\t \\\\ \\0 \\' \\\" \\x41 \\u{6587}");
  EXPECT_EQ(message("permit(principal, action, resource) when { \"abc };"),
            "line 1, column 44: expected an expression, found a string without its closing quote");
}

TEST(CedarParser, RefusesWhatCedarDoesNotKnow) {
  EXPECT_EQ(expression_message("1 / 2"),
            "line 1, column 3: Cedar has no division and no remainder");
  EXPECT_EQ(expression_message("a.b"),
            "line 1, column 1: expected an expression, found `a`: there are the variables "
            "principal, action, resource and context, and an entity is written with its id, as in "
            "User::\"alice\"");
  EXPECT_EQ(expression_message("principal.decimal(\"1.0\")"),
            "line 1, column 11: `decimal` is a function: write its name before its value");
  EXPECT_EQ(expression_message("contains([], 1)"),
            "line 1, column 1: `contains` is a method: write it behind its value and a dot");
  EXPECT_EQ(expression_message("[].contains()"),
            "line 1, column 4: `contains` takes one argument, not 0");
  EXPECT_EQ(expression_message("context.size()"), "line 1, column 9: there is no method `size`");
  EXPECT_EQ(expression_message("max(1, 2)"), "line 1, column 1: there is no function `max`");
  EXPECT_EQ(expression_message("1 < 2 < 3"),
            "line 1, column 7: expected `&&` or `||` or the end of the expression (comparisons do "
            "not chain), found `<`");
  EXPECT_EQ(expression_message("{a: 1, \"a\": 2}"),
            "line 1, column 8: the attribute `a` is there twice");
  EXPECT_EQ(expression_message("{if: 1}"),
            "line 1, column 2: expected the name of an attribute, found `if`, which is a reserved "
            "word");
  EXPECT_EQ(expression_message("principal == ?principal"),
            "line 1, column 14: a slot may stand only in the head of a policy");
  EXPECT_EQ(expression_message("!!!!!true"),
            "line 1, column 1: at most four `!` may follow each "
            "other");
  EXPECT_EQ(expression_message("context.__cedar").substr(0, 19), "line 1, column 9: e");
}

TEST(CedarParser, ReadsEveryIntegerOf64BitsAndNoMore) {
  EXPECT_EQ(parsed("9223372036854775807").integer(), INT64_MAX);
  EXPECT_EQ(parsed("-9223372036854775808").integer(), INT64_MIN);
  EXPECT_EQ(parsed("--9223372036854775808").operands.at(0).integer(), INT64_MIN);
  EXPECT_EQ(parsed("-(9)").kind, ExpressionKind::minus);
  EXPECT_EQ(parsed("-5.a").kind, ExpressionKind::minus);
  EXPECT_EQ(parsed("-5.a").operands.at(0).kind, ExpressionKind::attribute);
  EXPECT_EQ(parsed("1 - 2").kind, ExpressionKind::subtract);
  EXPECT_EQ(expression_message("9223372036854775808"),
            "line 1, column 1: the number does not fit into 64 bits");
  EXPECT_EQ(expression_message("-9223372036854775809"),
            "line 1, column 1: the number does not fit into 64 bits");
}

TEST(CedarParser, DecodesEscapes) {
  EXPECT_EQ(parsed(R"("\n\t\r\\\'\"\x41\u{6587}\u{1_F600}")").text(), "\n\t\r\\'\"A文😀");
  EXPECT_EQ(parsed("\"\\0\"").text(), std::string(1, '\0'));
  EXPECT_EQ(parsed("\"a\nb\"").text(), "a\nb");
  for (const char* bad : {R"("\u{}")", R"("\u{d800}")", R"("\u{110000}")", R"("\x80")", R"("\*")",
                          R"("\u{1234567}")", "\"a\rb\"", "\"a\\\nb\"", R"("\u{_1}")"}) {
    EXPECT_NE(expression_message(bad), "parsed") << bad;
  }
}

TEST(CedarParser, ReadsPatterns) {
  const auto pieces = [](std::string_view text) { return parsed(text).pattern().pieces; };
  using Pieces = std::vector<std::string>;
  EXPECT_EQ(pieces(R"(context.a like "a*b")"), (Pieces{"a", "b"}));
  EXPECT_EQ(pieces(R"(context.a like "*")"), (Pieces{"", ""}));
  EXPECT_EQ(pieces(R"(context.a like "\**\\*")"), (Pieces{"*", "\\", ""}));
  EXPECT_EQ(pieces(R"(context.a like "")"), (Pieces{""}));
}

TEST(CedarParser, ReadsNamesThatLookLikeVariables) {
  EXPECT_EQ(parsed("principal::resource::\"x\"").entity(), (EntityUid{"principal::resource", "x"}));
  EXPECT_EQ(parsed("principal is resource").text(), "resource");
  EXPECT_EQ(parsed("{principal: 1}").names().at(0), "principal");
  EXPECT_EQ(parsed("context has principal.action").names().size(), 2u);
}

TEST(CedarParser, JoinsAChainIntoOneNode) {
  const Expression chain = parsed("true && false && (true && true) || false");
  ASSERT_EQ(chain.kind, ExpressionKind::disjunction);
  EXPECT_EQ(chain.operands.at(0).operands.size(), 3u);
  EXPECT_EQ(parsed(repeated("true && ", 5000) + "true").operands.size(), 5001u);
}

TEST(CedarParser, RefusesHostileNesting) {
  for (const char* open : {"(", "[", "{a: ", "!(", "-(", "if ", "[].contains(", "ip("}) {
    EXPECT_NE(expression_message(repeated(open, 100'000)).find("nested too deeply"),
              std::string::npos)
        << open;
  }
  for (const char* more : {".a", " + 1", " * 1", "[\"a\"]", ".isEmpty()"}) {
    EXPECT_NE(expression_message("context" + repeated(more, 100'000)).find("nested too deeply"),
              std::string::npos)
        << more;
  }
  EXPECT_NE(expression_message("context has a" + repeated(".a", 100'000)).find("nested too deeply"),
            std::string::npos);
  EXPECT_EQ(expression_message(repeated("(", 200) + "1" + repeated(")", 200)), "parsed");
}

TEST(CedarParser, RefusesWhatIsOverALimit) {
  const std::string policy = "permit(principal, action, resource);";
  EXPECT_EQ(parse_policies(policy, {.text_bytes_max = 10}).error().code, ErrorCode::too_large);
  EXPECT_EQ(parse_policies(policy + policy, {.policy_count_max = 1}).error().code,
            ErrorCode::too_large);
  EXPECT_EQ(parse_expression("[1, 2, 3]", {.node_count_max = 3}).error().code,
            ErrorCode::too_large);
  EXPECT_EQ(message("permit(\xFF"), "the text is not valid UTF-8");
}

TEST(CedarPolicySet, LinksATemplateWithItsSlotsFilled) {
  auto policies = parse_policies("permit(principal in ?principal, action, resource == ?resource);");
  ASSERT_TRUE(policies);
  const EntityUid group{"Group", "g"}, doc{"Doc", "d"};
  ASSERT_TRUE(policies->link("policy0", "link", {group, doc}));
  ASSERT_EQ(policies->policies().size(), 1u);
  EXPECT_EQ(policies->find("link")->principal.entities.at(0), group);
  EXPECT_EQ(policies->find("link")->resource.entities.at(0), doc);
  EXPECT_FALSE(policies->find("link")->is_template());
  EXPECT_EQ(policies->links().at(0).template_id, "policy0");
  EXPECT_EQ(policies->link("policy0", "link", {group, doc}).error().message,
            "there is already a policy with the id \"link\"");
  EXPECT_EQ(policies->link("policy0", "other", {group, {}}).error().message,
            "the template \"policy0\" needs a value for ?resource");
  EXPECT_EQ(policies->link("policy9", "other", {}).error().message,
            "there is no template with the id \"policy9\"");
}

}  // namespace
}  // namespace wenyuan::auth::cedar
