// Which experts are chosen, with which weights.
#include "llm/decoder/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/llm/gguf_bytes.h"
#include "tests/llm/numerics_models.h"

namespace wenyuan::llm {
namespace {

using testing::ElementsAre;

std::vector<Choice> choose(const RouterShape& shape, const std::vector<float>& logits,
                           std::vector<float> bias = {}) {
  std::vector<Choice> chosen(shape.used);
  Router(shape, std::move(bias)).choose(logits, chosen);
  return chosen;
}

std::vector<std::uint32_t> experts(const std::vector<Choice>& chosen) {
  std::vector<std::uint32_t> numbers;
  for (const Choice& choice : chosen) numbers.push_back(choice.expert);
  return numbers;
}

float sum(const std::vector<Choice>& chosen) {
  float total = 0;
  for (const Choice& choice : chosen) total += choice.weight;
  return total;
}

TEST(Router, GivesTheLikeliestExpertsTheirProbabilities) {
  const auto chosen = choose({.experts = 4, .used = 2}, {0, std::log(3.0F), 0, std::log(5.0F)});
  EXPECT_THAT(experts(chosen), ElementsAre(3, 1));
  EXPECT_FLOAT_EQ(chosen[0].weight, 0.5F);
  EXPECT_FLOAT_EQ(chosen[1].weight, 0.3F);
}

TEST(Router, BringsWeightsToTheSumOfTheScaleWhenTheyAreNormalised) {
  const RouterShape shape{.experts = 4, .used = 2, .normalise = true, .scale = 2.5F};
  EXPECT_FLOAT_EQ(sum(choose(shape, {0.1F, -2, 3, 1})), 2.5F);
}

TEST(Router, PrefersTheLowerNumberAmongEqualScores) {
  EXPECT_THAT(experts(choose({.experts = 5, .used = 3}, {1, 1, 1, 1, 1})), ElementsAre(0, 1, 2));
}

TEST(Router, LetsTheBiasChooseButNotWeigh) {
  const RouterShape shape{.experts = 3, .used = 1, .gating = Gating::sigmoid};
  const auto chosen = choose(shape, {2, 0, 1}, {0, 5, 0});
  EXPECT_THAT(experts(chosen), ElementsAre(1));
  EXPECT_FLOAT_EQ(chosen[0].weight, 0.5F);
}

TEST(Router, RanksGroupsByOneExpertOrByTwo) {
  RouterShape shape{.experts = 4, .used = 1, .groups = 2, .groups_used = 1};
  // The first group has the best expert, the second the best pair.
  const std::vector<float> logits = {3, -9, 2.9F, 2.9F};
  shape.group_score = GroupScore::best;
  EXPECT_THAT(experts(choose(shape, logits)), ElementsAre(0));
  shape.group_score = GroupScore::best_two;
  EXPECT_THAT(experts(choose(shape, logits)), ElementsAre(2));
}

Result<RouterShape> read(const std::vector<std::pair<std::string, std::uint32_t>>& keys) {
  GgufFile file;
  file.text("general.architecture", "x");
  for (const auto& [key, value] : keys) file.integer("x." + key, value);
  const auto gguf = opened(file.bytes());
  return RouterShape::read(WeightLoader(*gguf, {}), {.normalise = false});
}

TEST(RouterShape, IsRefusedWhenItsNumbersDoNotFit) {
  EXPECT_TRUE(read({{"expert_count", 8}, {"expert_used_count", 2}}));
  for (const auto& keys : std::vector<std::vector<std::pair<std::string, std::uint32_t>>>{
           {{"expert_count", 8}},
           {{"expert_count", 0}, {"expert_used_count", 1}},
           {{"expert_count", 8}, {"expert_used_count", 9}},
           {{"expert_count", 8}, {"expert_used_count", 2}, {"expert_gating_func", 9}},
           {{"expert_count", 8}, {"expert_used_count", 2}, {"expert_group_count", 3}},
           {{"expert_count", 8},
            {"expert_used_count", 3},
            {"expert_group_count", 4},
            {"expert_group_used_count", 1}}}) {
    const auto shape = read(keys);
    ASSERT_FALSE(shape);
    EXPECT_EQ(shape.error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace wenyuan::llm
