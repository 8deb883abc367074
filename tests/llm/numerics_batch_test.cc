// That results depend neither on the batch nor on the number of threads, bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "llm/bert.h"
#include "tests/llm/numerics_models.h"

namespace wenyuan::llm {
namespace {

using Tokens = std::span<const TokenId>;

// The logits behind the tokens when they come in pieces of these sizes (the last one repeats).
std::vector<float> logits(Decoder& decoder, Tokens tokens, std::vector<std::size_t> pieces) {
  auto sequence = decoder.new_sequence(1024);
  EXPECT_TRUE(sequence);
  std::vector<float> result;
  for (std::size_t at = 0, piece = 0; at < tokens.size(); ++piece) {
    const std::size_t size =
        std::min(tokens.size() - at, pieces[std::min(piece, pieces.size() - 1)]);
    const auto now = decoder.append(**sequence, tokens.subspan(at, size));
    EXPECT_TRUE(now) << now.error().message;
    if (!now) return {};
    result.assign(now->begin(), now->end());
    at += size;
  }
  EXPECT_EQ((*sequence)->size(), tokens.size());
  return result;
}

TEST(NumericsOfTheDecoder, DoNotDependOnHowThePromptIsCut) {
  compute::ThreadPool threads(2);
  for (const auto& [most, some] : {std::pair{kQ4_0, kQ8_0}, std::pair{kQ4_K, kQ6_K}}) {
    const auto file = opened(random_llama(most, some));
    ASSERT_NE(file, nullptr);
    const auto decoder = Decoder::load(file, threads);
    ASSERT_TRUE(decoder) << decoder.error().message;
    const auto tokens = some_tokens(300, 1);
    const auto whole = logits(**decoder, tokens, {300});
    EXPECT_EQ(logits(**decoder, tokens, {1}), whole);
    EXPECT_EQ(logits(**decoder, tokens, {127, 2, 100, 7}), whole);
    EXPECT_EQ(logits(**decoder, tokens, {299, 1}), whole);
  }
}

TEST(NumericsOfTheDecoder, DoNotDependOnTheNumberOfThreads) {
  const auto file = opened(random_llama(kQ4_0, kF16));
  ASSERT_NE(file, nullptr);
  const auto tokens = some_tokens(200, 2);
  std::vector<float> first;
  for (const std::size_t count : {1U, 2U, 5U}) {
    compute::ThreadPool threads(count);
    const auto decoder = Decoder::load(file, threads);
    ASSERT_TRUE(decoder) << decoder.error().message;
    const auto own = logits(**decoder, tokens, {150, 1});
    if (first.empty()) first = own;
    EXPECT_EQ(own, first) << count << " threads";
  }
}

TEST(NumericsOfTheDecoder, AreThoseOfANewSequenceAfterForgetting) {
  compute::ThreadPool threads(1);
  const auto decoder = Decoder::load(opened(random_llama(kQ4_K, kQ4_K)), threads);
  ASSERT_TRUE(decoder) << decoder.error().message;
  const auto tokens = some_tokens(140, 3);
  const auto others = some_tokens(140, 4);
  auto sequence = (*decoder)->new_sequence(400);
  ASSERT_TRUE(sequence);
  ASSERT_TRUE((*decoder)->append(**sequence, Tokens(tokens).first(100)));
  ASSERT_TRUE((*decoder)->append(**sequence, others));
  (*sequence)->truncate(100);
  EXPECT_EQ((*sequence)->size(), 100U);
  const auto again = (*decoder)->append(**sequence, Tokens(tokens).subspan(100));
  ASSERT_TRUE(again);
  EXPECT_EQ(std::vector<float>(again->begin(), again->end()), logits(**decoder, tokens, {140}));
}

TEST(NumericsOfTheDecoder, StayCloseWithACacheOfEightBits) {
  compute::ThreadPool threads(1);
  const auto file = opened(random_llama(kQ8_0, kQ8_0));
  const auto tokens = some_tokens(200, 7);
  const auto with = [&](compute::KeyValueType cache) {
    LoadOptions options;
    options.cache = cache;
    const auto decoder = Decoder::load(file, threads, options);
    EXPECT_TRUE(decoder) << decoder.error().message;
    return logits(**decoder, tokens, {150, 1});
  };
  const auto half = with(compute::KeyValueType::f16);
  const auto eight = with(compute::KeyValueType::q8_0);
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < half.size(); ++i) {
    error += std::pow(double{half[i]} - double{eight[i]}, 2);
    size += std::pow(double{half[i]}, 2);
  }
  EXPECT_GT(error, 0);
  EXPECT_LT(std::sqrt(error / size), 0.05);
}

TEST(NumericsOfTheDecoder, KeepSequencesApart) {
  compute::ThreadPool threads(2);
  const auto decoder = Decoder::load(opened(random_llama(kQ8_0, kQ4_0)), threads);
  ASSERT_TRUE(decoder) << decoder.error().message;
  const auto tokens = some_tokens(60, 5);
  const auto others = some_tokens(70, 6);
  auto one = (*decoder)->new_sequence(100);
  auto two = (*decoder)->new_sequence(100);
  ASSERT_TRUE(one && two);
  ASSERT_TRUE((*decoder)->append(**one, Tokens(tokens).first(30)));
  ASSERT_TRUE((*decoder)->append(**two, others));
  const auto end = (*decoder)->append(**one, Tokens(tokens).subspan(30));
  ASSERT_TRUE(end);
  EXPECT_EQ(std::vector<float>(end->begin(), end->end()), logits(**decoder, tokens, {60}));
}

TEST(Decoder, RefusesWhatItCannotTake) {
  compute::ThreadPool threads(1);
  const auto decoder = Decoder::load(opened(random_llama(kQ4_0, kQ4_0)), threads);
  ASSERT_TRUE(decoder);
  EXPECT_EQ((*decoder)->context_length(), 1024U);
  EXPECT_EQ((*decoder)->vocabulary_size(), kVocabulary);
  EXPECT_EQ((*decoder)->new_sequence(1025).error().code, ErrorCode::too_large);
  auto sequence = (*decoder)->new_sequence(3);
  ASSERT_TRUE(sequence);
  const auto error = [&](const std::vector<TokenId>& tokens) {
    return (*decoder)->append(**sequence, tokens).error().code;
  };
  EXPECT_EQ(error({}), ErrorCode::invalid_argument);
  EXPECT_EQ(error({1, -1}), ErrorCode::invalid_argument);
  EXPECT_EQ(error({1, TokenId{kVocabulary}}), ErrorCode::invalid_argument);
  EXPECT_EQ(error({1, 2, 3, 4}), ErrorCode::too_large);
  EXPECT_EQ((*sequence)->size(), 0U);
  EXPECT_TRUE((*decoder)->append(**sequence, std::vector<TokenId>{1, 2, 3}));
  EXPECT_EQ(error({4}), ErrorCode::too_large);
}

TEST(Decoder, RefusesModelsThatItCannotRun) {
  compute::ThreadPool threads(1);
  EXPECT_EQ(Decoder::load(opened(random_bert(kQ4_0, 1)), threads).error().code,
            ErrorCode::unsupported_media);
  GgufFile other;
  other.text("general.architecture", "mamba");
  EXPECT_EQ(Decoder::load(opened(other.bytes()), threads).error().code,
            ErrorCode::unsupported_media);
  GgufFile empty;
  empty.text("general.architecture", "llama");
  EXPECT_EQ(Decoder::load(opened(empty.bytes()), threads).error().code, ErrorCode::corrupt);
}

TEST(NumericsOfTheEncoder, DoNotDependOnTheOtherTextsOrTheThreads) {
  const auto file = opened(random_bert(kQ4_0, 1));
  ASSERT_NE(file, nullptr);
  std::vector<std::vector<TokenId>> texts;
  for (const std::uint32_t size : {1U, 5U, 130U, 600U, 33U, 8U, 400U}) {
    texts.push_back(some_tokens(size, size));
  }
  std::vector<std::vector<float>> first;
  for (const std::size_t count : {1U, 3U}) {
    compute::ThreadPool threads(count);
    const auto encoder = Encoder::load(file, threads);
    ASSERT_TRUE(encoder) << encoder.error().message;
    const auto all = (*encoder)->encode(texts);
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), texts.size());
    if (first.empty()) first = *all;
    EXPECT_EQ(*all, first);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto alone = (*encoder)->encode({&texts[i], 1});
      ASSERT_TRUE(alone);
      EXPECT_EQ(alone->at(0), first[i]) << "text " << i;
    }
  }
}

TEST(Encoder, GivesUnitVectorsWithEveryPooling) {
  compute::ThreadPool threads(1);
  for (const std::uint32_t pooling : {1U, 2U, 3U}) {
    const auto encoder = Encoder::load(opened(random_bert(kQ8_0, pooling)), threads);
    ASSERT_TRUE(encoder) << encoder.error().message;
    EXPECT_EQ((*encoder)->vector_size(), 64U);
    EXPECT_EQ((*encoder)->context_length(), 600U);
    const std::vector<std::vector<TokenId>> texts = {some_tokens(20, 1)};
    const auto vectors = (*encoder)->encode(texts);
    ASSERT_TRUE(vectors);
    double squares = 0;
    for (const float x : vectors->at(0)) squares += double{x} * double{x};
    EXPECT_NEAR(squares, 1.0, 1e-6);
  }
}

TEST(Encoder, RefusesWhatItCannotTake) {
  compute::ThreadPool threads(1);
  EXPECT_EQ(Encoder::load(opened(random_bert(kQ8_0, 5)), threads).error().code,
            ErrorCode::unsupported_media);
  EXPECT_EQ(Encoder::load(opened(random_llama(kQ8_0, kQ8_0)), threads).error().code,
            ErrorCode::unsupported_media);
  const auto encoder = Encoder::load(opened(random_bert(kQ8_0, 1)), threads);
  ASSERT_TRUE(encoder);
  const auto error = [&](const std::vector<TokenId>& tokens) {
    return (*encoder)->encode({&tokens, 1}).error().code;
  };
  EXPECT_EQ(error({}), ErrorCode::invalid_argument);
  EXPECT_EQ(error({5, TokenId{kVocabulary}}), ErrorCode::invalid_argument);
  EXPECT_EQ(error(some_tokens(601, 1)), ErrorCode::too_large);
}

}  // namespace
}  // namespace wenyuan::llm
