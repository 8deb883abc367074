#include "llm/bert.h"

#include <gtest/gtest.h>

#include "llm/bert_cross_encoder.h"
#include "tests/llm/plain_bert.h"

namespace wenyuan::llm {
namespace {

double cosine(const std::vector<float>& a, const std::vector<double>& b) {
  double dot = 0;
  double squares = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    dot += double{a[i]} * b[i];
    squares += b[i] * b[i];
  }
  return dot / std::sqrt(squares);
}

std::vector<double> pooled(const std::vector<PlainBert::Row>& states, std::uint32_t pooling) {
  if (pooling == 2) return states.front();
  if (pooling == 3) return states.back();
  std::vector<double> sum(PlainBert::kWidth);
  for (const PlainBert::Row& state : states) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += state[i];
  }
  return sum;
}

void expect_right_vectors(const PlainShape& shape) {
  const PlainBert plain(shape);
  compute::ThreadPool threads(2);
  const auto encoder = Encoder::load(plain.file(), threads);
  ASSERT_TRUE(encoder) << encoder.error().message;
  const std::vector<std::vector<TokenId>> texts = {some_tokens(1, 1), some_tokens(7, 2),
                                                   some_tokens(80, 3), some_tokens(40, 4)};
  const auto vectors = (*encoder)->encode(texts);
  ASSERT_TRUE(vectors) << vectors.error().message;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_GT(cosine((*vectors)[i], pooled(plain.states(texts[i], 0), shape.pooling)), 0.99999)
        << "text " << i;
  }
}

TEST(Bert, IsRightWithEveryPooling) {
  for (const std::uint32_t pooling : {1U, 2U, 3U}) expect_right_vectors({.pooling = pooling});
}
TEST(Bert, IsRightWithProjectionsInOneTensor) { expect_right_vectors({.is_fused = true}); }
TEST(Bert, IsRightWithoutBiases) { expect_right_vectors({.has_biases = false}); }

TEST(NomicBert, IsRightAsItIsPublished) {
  expect_right_vectors({.architecture = "nomic-bert", .is_fused = true, .has_biases = false});
}
TEST(NomicBert, IsRightWithProjectionsApartAndBiases) {
  expect_right_vectors({.architecture = "nomic-bert", .pooling = 2});
}

void expect_right_scores(const PlainShape& shape) {
  const PlainBert plain(shape);
  compute::ThreadPool threads(2);
  const auto encoder = CrossEncoder::load(plain.file(), threads);
  ASSERT_TRUE(encoder) << encoder.error().message;
  std::vector<TokenPair> pairs;
  for (const std::uint32_t size : {5U, 80U, 33U}) {
    pairs.push_back({some_tokens(size, size), 0});
    pairs.push_back({some_tokens(size, size), 3});
  }
  const auto scores = (*encoder)->score(pairs);
  ASSERT_TRUE(scores) << scores.error().message;
  ASSERT_EQ(scores->size(), pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const double right = plain.score(pairs[i].tokens, pairs[i].second);
    EXPECT_NEAR((*scores)[i], right, 2e-4) << "pair " << i;
    const auto alone = (*encoder)->score({&pairs[i], 1});
    ASSERT_TRUE(alone);
    EXPECT_EQ((*alone)[0], (*scores)[i]);
  }
  // The second text is told from the first.
  EXPECT_NE((*scores)[0], (*scores)[1]);
}

TEST(BertCrossEncoder, ScoresByWayOfItsHiddenLayer) { expect_right_scores({.pooling = 4}); }
TEST(BertCrossEncoder, ScoresWithoutOne) {
  expect_right_scores({.pooling = 4, .has_classifier_layer = false});
}

TEST(BertCrossEncoder, IsNoEncoderAndTheOtherWayRound) {
  compute::ThreadPool threads(1);
  EXPECT_EQ(Encoder::load(PlainBert({.pooling = 4}).file(), threads).error().code,
            ErrorCode::unsupported_media);
  EXPECT_EQ(CrossEncoder::load(PlainBert({.pooling = 1}).file(), threads).error().code,
            ErrorCode::unsupported_media);
}

TEST(BertCrossEncoder, RefusesPairsThatItCannotTake) {
  compute::ThreadPool threads(1);
  const auto encoder = CrossEncoder::load(PlainBert({.pooling = 4}).file(), threads);
  ASSERT_TRUE(encoder);
  const auto error = [&](const TokenPair& pair) {
    return (*encoder)->score({&pair, 1}).error().code;
  };
  EXPECT_EQ(error({}), ErrorCode::invalid_argument);
  EXPECT_EQ(error({{1, -1}, 1}), ErrorCode::invalid_argument);
  EXPECT_EQ(error({some_tokens(81, 1), 5}), ErrorCode::too_large);
}

}  // namespace
}  // namespace wenyuan::llm
