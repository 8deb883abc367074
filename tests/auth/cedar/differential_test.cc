// The evaluator beside one that was written to be obvious, on random policies.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "auth/cedar/authorizer.h"
#include "auth/cedar/formatter.h"
#include "auth/cedar/parser.h"
#include "tests/auth/cedar/brute_force.h"
#include "tests/auth/cedar/random_cedar.h"

namespace wenyuan::auth::cedar {
namespace {

// WY_CEDAR_RANDOM_COUNT asks for more than the usual number of decisions.
std::size_t decision_count() {
  const char* const asked = std::getenv("WY_CEDAR_RANDOM_COUNT");  // NOLINT: a test of one thread
  return asked == nullptr ? 20'000 : std::stoul(asked);
}

testing::BruteDecision plain(const Response& response) {
  testing::BruteDecision decision;
  decision.allowed = response.decision == Decision::allow;
  decision.reasons = {response.reasons.begin(), response.reasons.end()};
  for (const PolicyError& error : response.errors) decision.errors.insert(error.policy_id);
  return decision;
}

TEST(CedarEvaluator, DecidesAsBruteForceDoes) {
  constexpr std::size_t kRequestsPerSet = 20;
  std::size_t allowed = 0, failed = 0, forbidden = 0;
  const std::size_t count = decision_count();
  for (std::size_t done = 0; done < count; done += kRequestsPerSet) {
    testing::RandomCedar random(done);
    const std::string text = random.policies(1 + random.below(8));
    const auto policies = parse_policies(text);
    ASSERT_TRUE(policies) << policies.error().message << "\n" << text;
    const std::vector<Entity> listed = random.entities();
    const auto entities = Entities::make(listed);
    ASSERT_TRUE(entities) << entities.error().message;
    for (std::size_t i = 0; i < kRequestsPerSet; ++i) {
      const Request request = random.request();
      for (const ErrorRule rule : {ErrorRule::skip_policy, ErrorRule::forbid_denies}) {
        const auto found = plain(authorize(*policies, request, *entities, rule));
        const auto wanted = testing::decide_by_brute_force(*policies, request, listed,
                                                           rule == ErrorRule::forbid_denies);
        ASSERT_EQ(found.allowed, wanted.allowed) << "seed " << done << "\n" << text;
        ASSERT_EQ(found.reasons, wanted.reasons) << "seed " << done << "\n" << text;
        ASSERT_EQ(found.errors, wanted.errors) << "seed " << done << "\n" << text;
        allowed += found.allowed ? 1 : 0;
        failed += found.errors.empty() ? 0 : 1;
        forbidden += !found.allowed && !found.reasons.empty() ? 1 : 0;
      }
    }
  }
  std::cout << count << " requests under two rules: " << allowed << " allowed, " << forbidden
            << " forbidden, " << failed << " with errors\n";
  // A generator that only ever denies would prove nothing.
  EXPECT_GT(allowed, count / 10);
  EXPECT_GT(forbidden, count / 10);
  EXPECT_GT(failed, count / 10);
}

TEST(CedarFormatter, WritesRandomPoliciesSoThatTheyParseIntoTheSameTree) {
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    const std::string text = testing::RandomCedar(seed).policies(3);
    const auto policies = parse_policies(text);
    ASSERT_TRUE(policies) << policies.error().message << "\n" << text;
    const auto again = parse_policies(format(*policies));
    ASSERT_TRUE(again) << again.error().message << "\n" << format(*policies);
    ASSERT_EQ(again->policies(), policies->policies()) << text << format(*policies);
  }
}

}  // namespace
}  // namespace wenyuan::auth::cedar
