#include <gtest/gtest.h>

#include <algorithm>

#include "auth/decider.h"
#include "auth/policy/checker.h"
#include "auth/policy/parser.h"
#include "auth/policy/to_cedar.h"
#include "tests/auth/plain_decision.h"
#include "tests/auth/random_world.h"

namespace wenyuan::auth {
namespace {

constexpr int kRoundCount = 100'000;

// Also what the checker would refuse, as it may have been stored before.
std::shared_ptr<const CompiledPolicy> unchecked(const std::string& text) {
  const auto rule = policy::parse(text);
  EXPECT_TRUE(rule) << text;
  CompiledPolicy compiled{"pol", 1, {}};
  compiled.text.policy = policy::to_cedar(*rule, AttributeKinds::guessed({}));
  compiled.text.effect = compiled.text.policy->effect;
  return std::make_shared<const CompiledPolicy>(std::move(compiled));
}

std::shared_ptr<const CompiledPolicy> checked(const std::string& text) {
  static const PolicyLanguage language(kNames);
  return std::make_shared<const CompiledPolicy>(CompiledPolicy{"pol", 1, language.read(text)});
}

bool allows(const PolicySet& policies, const World& world) {
  const Rules rules(policies);
  return Decider(rules, world.user, world.grants, world.action).allows(world.label);
}

TEST(RandomPolicies, AreDecidedAsAPlainEvaluatorDoes) {
  Dice dice{std::mt19937(20240229)};
  int allowed_count = 0;
  int refused_by_checker = 0;
  for (int round = 0; round < kRoundCount; ++round) {
    const World world = random_world(dice);
    PolicySet policies;
    std::string texts;
    for (const RandomPolicy& policy : world.policies) {
      const std::string text = policy.text();
      texts += text + "\n";
      if (!checked(text)->text.policy) ++refused_by_checker;
      policies.push_back(unchecked(text));
    }
    const Rules rules(policies);
    Decider decider(rules, world.user, world.grants, world.action);
    const bool expected = plain_decision(world);
    ASSERT_EQ(decider.allows(world.label), expected) << "round " << round << "\n" << texts;
    ASSERT_EQ(decider.decide(world.label).allowed, expected) << "round " << round << "\n" << texts;
    allowed_count += expected ? 1 : 0;
  }
  // The worlds must be worth deciding.
  EXPECT_GT(allowed_count, kRoundCount / 5);
  EXPECT_LT(allowed_count, kRoundCount * 4 / 5);
  EXPECT_GT(refused_by_checker, 0);
}

TEST(RandomPolicies, KeepTheirDecisionInAnyOrder) {
  Dice dice{std::mt19937(7)};
  for (int round = 0; round < 5'000; ++round) {
    const World world = random_world(dice);
    PolicySet policies;
    for (const RandomPolicy& policy : world.policies) {
      policies.push_back(checked(policy.text()));
    }
    const bool first = allows(policies, world);
    std::shuffle(policies.begin(), policies.end(), dice.engine);
    ASSERT_EQ(allows(policies, world), first);
    if (!policies.empty()) policies.push_back(policies.front());
    ASSERT_EQ(allows(policies, world), first);
  }
}

TEST(RandomPolicies, NeverOpenMoreWhenADenyIsAdded) {
  Dice dice{std::mt19937(11)};
  for (int round = 0; round < 5'000; ++round) {
    const World world = random_world(dice);
    PolicySet policies;
    for (const RandomPolicy& policy : world.policies) {
      policies.push_back(checked(policy.text()));
    }
    const bool before = allows(policies, world);
    policies.push_back(checked("deny if " + written(random_node(dice, 3))));
    const bool after = allows(policies, world);
    ASSERT_TRUE(before || !after);
  }
}

}  // namespace
}  // namespace wenyuan::auth
