#include "llm/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace wenyuan::llm {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

std::map<TokenId, int> draws(const SamplerOptions& options, const std::vector<float>& logits,
                             int count) {
  Sampler sampler(options);
  std::map<TokenId, int> result;
  for (int i = 0; i < count; ++i) ++result[sampler.sample(logits)];
  return result;
}

TEST(Sampler, TakesTheGreatestAtTemperatureZeroAndTheLowerIdOfEquals) {
  Sampler sampler({});
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 2}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 3}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{kNan, -5, kNan}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{-kInfinity, -kInfinity}), 0);
}

TEST(Sampler, DrawsTheSameForTheSameSeed) {
  const std::vector<float> logits = {1, 1.5F, 0.5F, 1.2F};
  Sampler one({.temperature = 1, .seed = 7});
  Sampler two({.temperature = 1, .seed = 7});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(one.sample(logits), two.sample(logits));
}

TEST(Sampler, DrawsAsOftenAsTheProbabilitiesSay) {
  const auto counts =
      draws({.temperature = 2, .seed = 1}, {0, 2 * std::log(3.0F), -kInfinity, kNan}, 10000);
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_NEAR(counts.at(1), 7500, 200);
}

TEST(Sampler, KeepsToTheBestK) {
  const auto counts = draws({.temperature = 5, .top_k = 2, .seed = 1}, {1, 4, 2, 3}, 500);
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_TRUE(counts.contains(1) && counts.contains(3));
}

TEST(Sampler, KeepsToTheBestThatReachP) {
  const std::vector<float> logits = {std::log(0.5F), std::log(0.3F), std::log(0.2F)};
  EXPECT_EQ(draws({.temperature = 1, .top_p = 0.4F}, logits, 200).size(), 1U);
  EXPECT_EQ(draws({.temperature = 1, .top_p = 0.7F}, logits, 200).size(), 2U);
  EXPECT_EQ(draws({.temperature = 1, .top_p = 0.0F}, logits, 200).size(), 1U);
}

TEST(Sampler, PenalisesRecentTokensOnceEach) {
  Sampler sampler({.repeat_penalty = 2, .repeat_window = 2});
  const std::vector<float> logits = {5, 4, -1};
  sampler.accept(0);
  sampler.accept(0);
  EXPECT_EQ(sampler.sample(logits), 1);  // 2.5 against 4
  sampler.accept(1);
  sampler.accept(2);
  EXPECT_EQ(sampler.sample(logits), 0);  // forgotten by now
  sampler.accept(1000);                  // outside the vocabulary
  EXPECT_EQ(sampler.sample(logits), 0);
}

}  // namespace
}  // namespace wenyuan::llm
