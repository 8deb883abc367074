#include "auth/policy/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/policy/checker.h"

namespace wenyuan::auth::policy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  const auto rule = parse(text);
  if (rule) return "accepted";
  EXPECT_EQ(rule.error().code, ErrorCode::invalid_argument);
  return rule.error().message;
}

std::string check_refusal(std::string_view text) {
  const auto rule = parse(text);
  if (!rule) return "not parsed: " + rule.error().message;
  const Status fine =
      check(*rule, AttributeKinds::guessed({"department", "project", "sensitivity"}));
  return fine ? "accepted" : fine.error().message;
}

TEST(Parser, ReadsThePolicyOfTheManual) {
  const auto rule = parse(
      "allow if user.department == resource.department\n"
      "      and user.clearance >= resource.sensitivity  // the usual");
  ASSERT_TRUE(rule) << rule.error().message;
  EXPECT_EQ(rule->effect, Effect::allow);
  EXPECT_EQ(rule->action, Action::read);
  const auto* all = std::get_if<All>(&rule->condition.node);
  ASSERT_NE(all, nullptr);
  ASSERT_EQ(all->operands.size(), 2U);
  const auto* second = std::get_if<Compare>(&all->operands[1].node);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->comparison, Comparison::greater_or_equal);
  EXPECT_EQ(all->operands[1].at.line, 2);
  EXPECT_EQ(all->operands[1].at.column, 11);
}

TEST(Parser, GivesAllowOneActionAndDenyEvery) {
  EXPECT_EQ(parse("allow if true")->action, Action::read);
  EXPECT_EQ(parse("allow read if true")->action, Action::read);
  EXPECT_EQ(parse("allow write if true")->action, Action::write);
  EXPECT_EQ(parse("allow manage if true")->action, Action::manage);
  EXPECT_EQ(parse("deny if true")->action, std::nullopt);
  EXPECT_EQ(parse("deny write if true")->action, Action::write);
  EXPECT_TRUE(parse("deny if true")->concerns(Action::manage));
  EXPECT_FALSE(parse("deny write if true")->concerns(Action::read));
}

TEST(Parser, BindsAndTighterThanOrAndNotTightest) {
  const auto rule = parse("allow if true or not false and false");
  ASSERT_TRUE(rule);
  const auto* any = std::get_if<Any>(&rule->condition.node);
  ASSERT_NE(any, nullptr);
  ASSERT_EQ(any->operands.size(), 2U);
  const auto* all = std::get_if<All>(&any->operands[1].node);
  ASSERT_NE(all, nullptr);
  EXPECT_TRUE(std::holds_alternative<Not>(all->operands[0].node));
}

TEST(Parser, ReadsEscapesInTexts) {
  const auto rule = parse(R"(allow if user.a == "\"\\\n\t\u{6587}渊")");
  ASSERT_TRUE(rule) << rule.error().message;
  const auto& compare = std::get<Compare>(rule->condition.node);
  EXPECT_EQ(std::get<std::string>(std::get<Literal>(compare.right->node)), "\"\\\n\t文渊");
}

TEST(Parser, TakesAnyWordAsTheNameOfAnAttribute) {
  EXPECT_TRUE(parse("allow if user.in or user has if and resource.not == 1"));
}

TEST(Parser, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(refusal(""), "line 1, column 1: expected 'allow' or 'deny', found the end");
  EXPECT_EQ(refusal("allow user.a"),
            "line 1, column 7: expected 'if', 'read', 'write' or 'manage', found 'user'");
  EXPECT_EQ(refusal("deny write user.a"), "line 1, column 12: expected 'if', found 'user'");
  EXPECT_EQ(refusal("allow if"),
            "line 1, column 9: expected a value, 'user' or 'resource', found the end");
  EXPECT_EQ(refusal("allow if user.a ==\n  and user.b"),
            "line 2, column 3: expected a value, 'user' or 'resource', found 'and'");
  EXPECT_EQ(refusal("allow if (user.a"), "line 1, column 17: expected ')', found the end");
  EXPECT_EQ(refusal("allow if user.a)"),
            "line 1, column 16: expected 'and', 'or' or the end, found ')'");
  EXPECT_EQ(refusal("allow if user department"),
            "line 1, column 15: expected '.' or 'has', found 'department'");
  EXPECT_EQ(refusal("allow if user has \"x\""),
            "line 1, column 19: expected the name of an attribute, found a text");
  EXPECT_EQ(refusal("allow if user.a in [\"x\", 3]"),
            "line 1, column 26: expected a text, found '3'");
  EXPECT_EQ(refusal("allow if user.a in [1 2]"),
            "line 1, column 23: expected ',' or ']', found '2'");
  EXPECT_EQ(refusal("allow if user.a < 1 < 2"),
            "line 1, column 21: expected 'and', 'or' or the end, found '<'");
  EXPECT_EQ(refusal("allow if user.department == hr"),
            "line 1, column 29: expected a value, 'user' or 'resource' (texts stand in \"…\"), "
            "found 'hr'");
}

TEST(Parser, CountsColumnsInCharacters) {
  EXPECT_THAT(refusal("allow if user.a == \"文渊閣\" &"), StartsWith("line 1, column 26: "));
}

TEST(Parser, KnowsTheHabitsOfOtherLanguages) {
  EXPECT_THAT(refusal("allow if user.a = 1"), HasSubstr("expected '==' instead of \"=\""));
  EXPECT_THAT(refusal("allow if user.a && user.b"), HasSubstr("expected 'and' instead of \"&&\""));
  EXPECT_THAT(refusal("allow if user.a || user.b"), HasSubstr("expected 'or' instead of \"||\""));
  EXPECT_THAT(refusal("allow if !user.a"), HasSubstr("expected 'not' instead of \"!\""));
  EXPECT_THAT(refusal("allow if user.a == 'x'"), HasSubstr("expected '\"' instead of \"'\""));
}

TEST(Parser, RefusesBrokenTextsAndNumbers) {
  EXPECT_EQ(refusal("allow if user.a == \"x"),
            "line 1, column 20: expected a closing '\"' on the same line");
  EXPECT_THAT(refusal("allow if user.a == \"x\ny\""), StartsWith("line 1, column 20: "));
  EXPECT_THAT(refusal(R"(allow if user.a == "\x41")"), StartsWith("line 1, column 21: "));
  EXPECT_THAT(refusal(R"(allow if user.a == "\u{D800}")"), StartsWith("line 1, column 21: "));
  EXPECT_THAT(refusal(R"(allow if user.a == "\u{110000}")"), StartsWith("line 1, column 21: "));
  EXPECT_THAT(refusal(R"(allow if user.a == "\u{}")"), StartsWith("line 1, column 21: "));
  EXPECT_THAT(refusal("allow if user.a == \"\\"), StartsWith("line 1, column 21: "));
  EXPECT_TRUE(parse("allow if user.a == -9223372036854775808"));
  EXPECT_THAT(refusal("allow if user.a == 9223372036854775808"), HasSubstr("64 bits"));
  EXPECT_THAT(refusal("allow if user.a == 1.5"), HasSubstr("whole number"));
  EXPECT_THAT(refusal("allow if user.a == 12abc"), HasSubstr("whole number"));
  EXPECT_EQ(refusal("allow if user.a == \"\xC3\x28\""), "the policy is not UTF-8");
}

TEST(Parser, HoldsItsLimits) {
  const auto nested = [](int depth) {
    const auto count = static_cast<std::size_t>(depth);
    return "allow if " + std::string(count, '(') + "true" + std::string(count, ')');
  };
  EXPECT_TRUE(parse(nested(kNestingMax)));
  EXPECT_THAT(refusal(nested(kNestingMax + 1)), HasSubstr("more than 64"));
  EXPECT_THAT(refusal(nested(8000)), HasSubstr("more than 64"));
  std::string nots = "allow if ";
  for (int i = 0; i <= kNestingMax; ++i) nots += "not ";
  EXPECT_THAT(refusal(nots + "true"), HasSubstr("more than 64"));

  std::string chain = "allow if true";
  for (int i = 2; i < kNodeCountMax; ++i) chain += " and true";
  EXPECT_TRUE(parse(chain));
  EXPECT_THAT(refusal(chain + " and true"), HasSubstr("more than 1000 parts"));
  std::string list = "allow if 1 in [1";
  for (int i = 0; i < kNodeCountMax; ++i) list += ",1";
  EXPECT_THAT(refusal(list + "]"), HasSubstr("more than 1000 parts"));

  const std::string padding(16 * 1024 - std::string("allow if true").size(), ' ');
  EXPECT_TRUE(parse("allow if true" + padding));
  EXPECT_THAT(refusal("allow if true " + padding), HasSubstr("16384 bytes"));
}

TEST(Checker, AllowsOnlyAttributesThatLabelsAreMadeOf) {
  EXPECT_EQ(check_refusal("allow if user.anything == resource.department"), "accepted");
  EXPECT_EQ(check_refusal("allow if resource.collection == \"c\" and resource.kind == \"x\""),
            "accepted");
  EXPECT_EQ(check_refusal("allow if user.team == \"a\" and resource.color == \"red\""),
            "line 1, column 31: access cannot depend on resource.color; expected one of "
            "collection, kind, department, project, sensitivity");
  EXPECT_THAT(check_refusal("deny if resource has color"), StartsWith("line 1, column 9: "));
}

TEST(Checker, FindsTypesThatCannotFit) {
  EXPECT_EQ(check_refusal("allow if 5"),
            "line 1, column 10: expected something that is true or false");
  EXPECT_THAT(check_refusal("allow if true and user.username"), StartsWith("line 1, column 19: "));
  EXPECT_THAT(check_refusal("allow if not \"x\""), StartsWith("line 1, column 14: "));
  EXPECT_THAT(check_refusal("allow if user.id == 3"), HasSubstr("the same type"));
  EXPECT_THAT(check_refusal("allow if user.roles == \"admin\""), HasSubstr("the same type"));
  EXPECT_THAT(check_refusal("allow if user.clearance >= \"topsecret\""),
              HasSubstr("public, internal, confidential, secret"));
  EXPECT_THAT(check_refusal("allow if user.roles < 3"), HasSubstr("the same type"));
  EXPECT_THAT(check_refusal("allow if true < false"), HasSubstr("something with an order"));
  EXPECT_THAT(check_refusal("allow if user.a in \"abc\""), HasSubstr("expected a list after 'in'"));
  EXPECT_THAT(check_refusal("allow if user.roles in [\"a\"]"), HasSubstr("a single value"));
  EXPECT_THAT(check_refusal("allow if 3 in user.roles"), HasSubstr("type of the list's items"));
  EXPECT_EQ(check_refusal("allow if 3 in [] or user.roles == [] or user.groups == user.roles"),
            "accepted");
  EXPECT_EQ(check_refusal("allow if (user.a == 1) == user.b"), "accepted");
}

}  // namespace
}  // namespace wenyuan::auth::policy
