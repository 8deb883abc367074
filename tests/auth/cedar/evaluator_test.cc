#include "auth/cedar/evaluator.h"

#include <gtest/gtest.h>

#include "auth/cedar/authorizer.h"
#include "auth/cedar/parser.h"

namespace wenyuan::auth::cedar {
namespace {

Entities people() {
  Entity alice{{"User", "alice"},
               Record({{"age", Value(std::int64_t{7})},
                       {"boss", Value(EntityUid{"User", "bob"})},
                       {"address", Value(Record({{"town", Value(std::string("Ulm"))}}))}}),
               Record({{"team", Value(std::string("red"))}}),
               {{"Group", "inner"}}};
  Entity inner{{"Group", "inner"}, {}, {}, {{"Group", "outer"}}};
  auto made = Entities::make({alice, inner});
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

const Request kRequest{
    {"User", "alice"}, {"Action", "read"}, {"Doc", "1"}, Record({{"n", Value(std::int64_t{1})}})};

std::string value_of(std::string_view text) {
  const auto expression = parse_expression(text);
  if (!expression) return expression.error().message;
  const Entities entities = people();
  const auto value = Evaluator(kRequest, entities).evaluate(*expression);
  return value ? to_text(*value) : value.error().message;
}

TEST(CedarEvaluator, StopsAtTheFirstOperandThatSettles) {
  EXPECT_EQ(value_of("false && 1"), "false");
  EXPECT_EQ(value_of("true || principal.nothing"), "true");
  EXPECT_EQ(value_of("true && 1"),
            "line 1, column 9: a value of type bool was expected, not one of type long");
  EXPECT_EQ(value_of("if true then 1 else 1 + true"), "1");
  EXPECT_EQ(value_of("principal is Group in 1"), "false");
  EXPECT_EQ(value_of("principal is User in 1"),
            "line 1, column 1: a value of type entity or set of entities was expected, not one of "
            "type long");
}

TEST(CedarEvaluator, FailsWhenANumberDoesNotFit) {
  EXPECT_EQ(value_of("9223372036854775807 + 1"),
            "line 1, column 1: the result does not fit into 64 bits");
  EXPECT_EQ(value_of("-9223372036854775807 - 2"),
            "line 1, column 1: the result does not fit into 64 bits");
  EXPECT_EQ(value_of("4611686018427387904 * 2"),
            "line 1, column 1: the result does not fit into 64 bits");
  EXPECT_EQ(value_of("-(-9223372036854775808)"),
            "line 1, column 1: the result does not fit into 64 bits");
  EXPECT_EQ(value_of("1 + 2 * 3 - 4"), "3");
}

TEST(CedarEvaluator, NeverFailsToCompareForEquality) {
  EXPECT_EQ(value_of("1 == \"1\""), "false");
  EXPECT_EQ(value_of("User::\"a\" != \"a\""), "true");
  EXPECT_EQ(value_of("[1, 2, 2] == [2, 1]"), "true");
  EXPECT_EQ(value_of("{a: 1, b: [true]} == {b: [true], a: 1}"), "true");
  EXPECT_EQ(value_of("1 < true"),
            "line 1, column 1: a value of type long was expected, not one of type bool");
}

TEST(CedarEvaluator, FollowsTheHierarchy) {
  EXPECT_EQ(value_of("principal in Group::\"outer\""), "true");
  EXPECT_EQ(value_of("principal in principal"), "true");
  EXPECT_EQ(value_of("User::\"nobody\" in User::\"nobody\""), "true");
  EXPECT_EQ(value_of("User::\"nobody\" in Group::\"outer\""), "false");
  EXPECT_EQ(value_of("principal in [Group::\"x\", Group::\"inner\"]"), "true");
  EXPECT_EQ(value_of("principal in []"), "false");
  EXPECT_EQ(value_of("principal in [principal, 1]"),
            "line 1, column 1: every element of the set must be an entity");
  EXPECT_EQ(value_of("1 in principal"),
            "line 1, column 1: a value of type entity was expected, not one of type long");
}

TEST(CedarEvaluator, ReadsAttributesAndTags) {
  EXPECT_EQ(value_of("principal.address.town"), "\"Ulm\"");
  EXPECT_EQ(value_of("principal[\"age\"] + context.n"), "8");
  EXPECT_EQ(value_of("{a: {b: 1}}.a.b"), "1");
  EXPECT_EQ(value_of("principal.getTag(\"team\")"), "\"red\"");
  EXPECT_EQ(value_of("principal.hasTag(\"other\") || User::\"x\".hasTag(\"team\")"), "false");
  EXPECT_EQ(value_of("principal.name"),
            "line 1, column 1: User::\"alice\" has no attribute \"name\"");
  EXPECT_EQ(value_of("principal.boss.age"), "line 1, column 1: User::\"bob\" does not exist");
  EXPECT_EQ(value_of("context.a"), "line 1, column 1: the record has no attribute \"a\"");
  EXPECT_EQ(value_of("principal.getTag(\"other\")"),
            "line 1, column 1: User::\"alice\" has no tag \"other\"");
  EXPECT_EQ(
      value_of("1 .a"),
      "line 1, column 1: a value of type entity or record was expected, not one of type long");
}

TEST(CedarEvaluator, AsksForAPathOfAttributes) {
  EXPECT_EQ(value_of("principal has address.town"), "true");
  EXPECT_EQ(value_of("principal has address.street.number"), "false");
  EXPECT_EQ(value_of("principal has boss.age"), "false");
  EXPECT_EQ(
      value_of("principal has age.years"),
      "line 1, column 1: a value of type entity or record was expected, not one of type long");
  EXPECT_EQ(value_of("User::\"nobody\" has age"), "false");
}

TEST(CedarEvaluator, MatchesPatterns) {
  EXPECT_EQ(value_of("\"abcabc\" like \"a*bc\""), "true");
  EXPECT_EQ(value_of("\"a\" like \"a*a\""), "false");
  EXPECT_EQ(value_of("\"a*b\" like \"a\\*b\" && !(\"axb\" like \"a\\*b\")"), "true");
  EXPECT_EQ(value_of("\"文渊阁\" like \"文*阁\""), "true");
  EXPECT_EQ(value_of("\"\" like \"**\""), "true");
  EXPECT_EQ(value_of("\"ab\" like \"a\""), "false");
}

TEST(CedarEvaluator, AsksSets) {
  EXPECT_EQ(value_of("[1, \"a\"].contains(\"a\")"), "true");
  EXPECT_EQ(value_of("[1, 2, 3].containsAll([3, 1])"), "true");
  EXPECT_EQ(value_of("[].containsAny([1])"), "false");
  EXPECT_EQ(value_of("[1].containsAll([]) && [].isEmpty()"), "true");
  EXPECT_EQ(value_of("context.isEmpty()"),
            "line 1, column 1: a value of type set was expected, not one of type record");
}

Response decided(std::string_view text, ErrorRule rule) {
  const auto policies = parse_policies(text);
  EXPECT_TRUE(policies) << policies.error().message;
  const Entities entities = people();
  return authorize(*policies, kRequest, entities, rule);
}

TEST(CedarAuthorizer, DeniesWhatNothingPermits) {
  const Response response = decided("", ErrorRule::forbid_denies);
  EXPECT_EQ(response.decision, Decision::deny);
  EXPECT_TRUE(response.reasons.empty() && response.errors.empty());
}

TEST(CedarAuthorizer, LetsAnyForbidWin) {
  const Response response = decided(
      "permit(principal, action, resource);permit(principal, action, resource);"
      "forbid(principal in Group::\"outer\", action, resource);",
      ErrorRule::forbid_denies);
  EXPECT_EQ(response.decision, Decision::deny);
  EXPECT_EQ(response.reasons, std::vector<std::string>{"policy2"});
}

TEST(CedarAuthorizer, DeniesWhenAForbidFailsUnlessCedarsRuleIsAsked) {
  constexpr std::string_view kText =
      "permit(principal, action, resource);"
      "permit(principal, action, resource) when { principal.rank > 1 };"
      "forbid(principal, action, resource) when { principal.rank < 1 };";
  const Response ours = decided(kText, ErrorRule::forbid_denies);
  EXPECT_EQ(ours.decision, Decision::deny);
  EXPECT_EQ(ours.reasons, std::vector<std::string>{"policy2"});
  ASSERT_EQ(ours.errors.size(), 2u);
  EXPECT_EQ(ours.errors[1].policy_id, "policy2");

  const Response cedars = decided(kText, ErrorRule::skip_policy);
  EXPECT_EQ(cedars.decision, Decision::allow);
  EXPECT_EQ(cedars.reasons, std::vector<std::string>{"policy0"});
  EXPECT_EQ(cedars.errors.size(), 2u);
}

TEST(CedarAuthorizer, DecidesByLinkedTemplatesButNotByTemplates) {
  auto policies = parse_policies("permit(principal in ?principal, action, resource);");
  ASSERT_TRUE(policies);
  const Entities entities = people();
  EXPECT_EQ(authorize(*policies, kRequest, entities).decision, Decision::deny);
  ASSERT_TRUE(policies->link("policy0", "grant", {EntityUid{"Group", "outer"}, {}}));
  const Response response = authorize(*policies, kRequest, entities);
  EXPECT_EQ(response.decision, Decision::allow);
  EXPECT_EQ(response.reasons, std::vector<std::string>{"grant"});
}

}  // namespace
}  // namespace wenyuan::auth::cedar
