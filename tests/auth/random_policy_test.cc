#include <gtest/gtest.h>

#include <algorithm>

#include "auth/access_state.h"
#include "auth/decider.h"
#include "auth/policy/checker.h"
#include "auth/policy/parser.h"
#include "tests/auth/plain_decision.h"
#include "tests/auth/random_world.h"

namespace wenyuan::auth {
namespace {

constexpr int kRoundCount = 100'000;

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
      auto rule = policy::parse(text);
      ASSERT_TRUE(rule) << text << "\n" << rule.error().message;
      if (!policy::check(*rule, kNames)) ++refused_by_checker;
      policies.push_back(std::make_shared<const CompiledPolicy>(
          CompiledPolicy{"pol", 1, *std::move(rule), policy::Effect::deny, ""}));
    }
    const Decider decider(policies, world.user, world.grants, world.action);
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
      policies.push_back(
          std::make_shared<const CompiledPolicy>(compile("pol", 1, policy.text(), kNames)));
    }
    const bool first =
        Decider(policies, world.user, world.grants, world.action).allows(world.label);
    std::shuffle(policies.begin(), policies.end(), dice.engine);
    ASSERT_EQ(Decider(policies, world.user, world.grants, world.action).allows(world.label), first);
    if (!policies.empty()) policies.push_back(policies.front());
    ASSERT_EQ(Decider(policies, world.user, world.grants, world.action).allows(world.label), first);
  }
}

TEST(RandomPolicies, NeverOpenMoreWhenADenyIsAdded) {
  Dice dice{std::mt19937(11)};
  for (int round = 0; round < 5'000; ++round) {
    const World world = random_world(dice);
    PolicySet policies;
    for (const RandomPolicy& policy : world.policies) {
      policies.push_back(
          std::make_shared<const CompiledPolicy>(compile("pol", 1, policy.text(), kNames)));
    }
    const bool before =
        Decider(policies, world.user, world.grants, world.action).allows(world.label);
    policies.push_back(std::make_shared<const CompiledPolicy>(
        compile("pol", 1, "deny if " + written(random_node(dice, 3)), kNames)));
    const bool after =
        Decider(policies, world.user, world.grants, world.action).allows(world.label);
    ASSERT_TRUE(before || !after);
  }
}

}  // namespace
}  // namespace wenyuan::auth
