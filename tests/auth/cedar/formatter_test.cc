#include "auth/cedar/formatter.h"

#include <gtest/gtest.h>

#include "auth/cedar/parser.h"
#include "tests/auth/cedar/corpus.h"

namespace wenyuan::auth::cedar {
namespace {

std::string formatted(std::string_view text) {
  const auto expression = parse_expression(text);
  return expression ? format(*expression) : expression.error().message;
}

TEST(CedarFormatter, WritesNoMoreParenthesesThanAreNeeded) {
  EXPECT_EQ(formatted("((principal.a)+(2*3))<(4)&&(true)"), "principal.a + 2 * 3 < 4 && true");
  EXPECT_EQ(formatted("(1+2)*3==1-(2-3)"), "(1 + 2) * 3 == 1 - (2 - 3)");
  EXPECT_EQ(formatted("(true||false)&&(true&&false)"), "(true || false) && (true && false)");
  EXPECT_EQ(formatted("(if true then 1 else 2) in [principal]"),
            "(if true then 1 else 2) in [principal]");
}

TEST(CedarFormatter, KeepsANegatedNumberApartFromANegativeOne) {
  EXPECT_EQ(formatted("-5"), "-5");
  EXPECT_EQ(formatted("-(5)"), "-(5)");
  EXPECT_EQ(formatted("--5"), "--5");
  EXPECT_EQ(formatted("-(-5)"), "--5");
  EXPECT_EQ(formatted("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(formatted("(-5).a"), "(-5).a");
  EXPECT_EQ(formatted("!(!(!(!(!(!principal)))))"), "!!!!(!!principal)");
}

TEST(CedarFormatter, QuotesWhatIsNoIdentifier) {
  EXPECT_EQ(formatted(R"({"if": 1, "a b": 2, "c": 3})"), R"({"if": 1, "a b": 2, c: 3})");
  EXPECT_EQ(formatted(R"(context["true"]["x"])"), R"(context["true"].x)");
  EXPECT_EQ(formatted(R"(context has "in" && context has "x" && context has a.b)"),
            R"(context has "in" && context has x && context has a.b)");
}

TEST(CedarFormatter, WritesWhatCannotBeSeenAsEscapes) {
  EXPECT_EQ(formatted("\"a\u202Eb\\u{200b}\\n\\0\\\"\""), R"("a\u{202e}b\u{200b}\n\0\"")");
  EXPECT_EQ(formatted(R"(context.a like "*\*\\*\u{2a}")"), R"(context.a like "*\*\\**")");
}

TEST(CedarFormatter, WritesAPolicyOnSeveralLines) {
  const auto policy = parse_policy(
      "@b(\"2\")@a permit(principal is User in ?principal,action in [Action::\"x\"],resource) "
      "unless{context.a}when{1<2};");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(format(*policy),
            "@a\n@b(\"2\")\n"
            "permit (principal is User in ?principal, action in [Action::\"x\"], resource)\n"
            "unless { context.a }\n"
            "when { 1 < 2 };\n");
}

TEST(CedarFormatter, BreaksALongChainAtItsOperators) {
  const std::string name(40, 'x');
  const auto policy = parse_policy("permit(principal, action, resource) when { context." + name +
                                   " && (context.b || true) && context." + name + " };");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(format(*policy), "permit (principal, action, resource)\nwhen {\n  context." + name +
                                 " &&\n  (context.b || true) &&\n  context." + name + "\n};\n");
}

// The ids are those of the order in the text, which formatting keeps.
TEST(CedarFormatter, WritesWhatParsesIntoTheSameTreeOverTheWholeCorpus) {
  const auto corpus = testing::Corpus::unpack();
  if (!corpus) GTEST_SKIP() << "the corpus is not on this machine";
  corpus->for_each([](const testing::CorpusCase& set) {
    const auto policies = parse_policies(set.policies);
    ASSERT_TRUE(policies) << policies.error().message;
    const std::string text = format(*policies);
    const auto again = parse_policies(text);
    ASSERT_TRUE(again) << again.error().message << "\n" << text;
    ASSERT_EQ(again->policies(), policies->policies()) << text;
    ASSERT_EQ(again->templates(), policies->templates()) << text;
    ASSERT_EQ(format(*again), text);
  });
}

}  // namespace
}  // namespace wenyuan::auth::cedar
