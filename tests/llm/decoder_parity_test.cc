// Tiny models of every architecture: converted by us, run by us, against what transformers answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "llm/convert.h"
#include "llm/model.h"
#include "tests/llm/reference_checkpoint.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;

constexpr double kErrorMax = 1e-4;  // of the largest logit

const char* const kDecoders[] = {
    "llama", "llama3_scaled", "qwen2",  "qwen3",          "qwen3_yarn", "qwen2moe",  "qwen3moe",
    "olmoe", "granitemoe",    "gemma3", "deepseek2_lite", "deepseek2",  "deepseek3", "moonlight"};

double relative_error(std::span<const float> given, const std::vector<double>& right) {
  double worst = given.size() == right.size() ? 0 : 1e9;
  double largest = 1e-30;
  for (std::size_t i = 0; i < std::min(given.size(), right.size()); ++i) {
    worst = std::max(worst, std::fabs(double{given[i]} - right[i]));
    largest = std::max(largest, std::fabs(right[i]));
  }
  return std::isfinite(worst) ? worst / largest : 1e9;
}

// The experts of each layer's tokens, in the order of the tokens.
using Routing = std::map<std::size_t, std::vector<std::set<std::uint32_t>>>;

class DecoderParity : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    reference_ = read_decoder_reference(GetParam());
    ASSERT_FALSE(reference_.empty());
    tokens_ = reference_["tokens"].get<std::vector<TokenId>>();
  }

  // Null when this architecture has no decoder.
  std::unique_ptr<Decoder> load(const char* config, compute::Precision precision) {
    const ReferenceCheckpoint checkpoint(reference_, config);
    const Status status = convert_directory(checkpoint.folder(), checkpoint.gguf());
    EXPECT_TRUE(status) << status.error().message;
    if (!status) return nullptr;
    auto file = Gguf::open(checkpoint.gguf());
    EXPECT_TRUE(file) << file.error().message;
    if (!file) return nullptr;
    LoadOptions options;
    options.precision = precision;
    options.on_routing = [this](std::size_t layer, std::size_t, std::span<const Choice> chosen) {
      std::set<std::uint32_t> experts;
      for (const Choice& choice : chosen) experts.insert(choice.expert);
      routing_[layer].push_back(std::move(experts));
    };
    auto decoder = Decoder::load(std::make_shared<const Gguf>(*std::move(file)), threads_, options);
    EXPECT_TRUE(decoder) << decoder.error().message;
    return decoder ? *std::move(decoder) : nullptr;
  }

  // The logits behind the first `length` tokens, given in pieces of `step`.
  std::vector<float> logits(Decoder& decoder, std::size_t length, std::size_t step) {
    routing_.clear();
    auto sequence = decoder.new_sequence(length);
    EXPECT_TRUE(sequence);
    std::vector<float> result;
    for (std::size_t at = 0; at < length; at += step) {
      const std::size_t count = std::min(step, length - at);
      const auto given = decoder.append(**sequence, std::span(tokens_).subspan(at, count));
      EXPECT_TRUE(given) << given.error().message;
      if (!given) return {};
      result.assign(given->begin(), given->end());
    }
    return result;
  }

  std::vector<double> right(std::size_t length) const {
    return reference_["last"][std::to_string(length)].get<std::vector<double>>();
  }

  void expect_same_routing(std::size_t length) const {
    const json& layers = reference_["experts"][std::to_string(length)];
    ASSERT_EQ(routing_.size(), layers.size());
    std::size_t at = 0;
    for (const auto& [layer, rows] : routing_) {
      const auto right = layers[at++].get<std::vector<std::set<std::uint32_t>>>();
      const std::size_t count = std::min(rows.size(), right.size());
      ASSERT_GT(count, 0U);
      for (std::size_t i = 1; i <= count; ++i) {
        EXPECT_EQ(rows[rows.size() - i], right[right.size() - i])
            << "layer " << layer << ", token " << i << " from the end, length " << length;
      }
    }
  }

  json reference_;
  std::vector<TokenId> tokens_;
  compute::ThreadPool threads_{1};
  Routing routing_;
};

TEST_P(DecoderParity, GivesTheLogitsAndTheExpertsThatTransformersGives) {
  for (const auto precision : {compute::Precision::exact, compute::Precision::fast}) {
    const auto decoder = load("config", precision);
    ASSERT_NE(decoder, nullptr);
    for (const std::size_t length : reference_["lengths"].get<std::vector<std::size_t>>()) {
      EXPECT_LE(relative_error(logits(*decoder, length, length), right(length)), kErrorMax)
          << length << " tokens";
      expect_same_routing(length);
    }
  }
}

TEST_P(DecoderParity, GivesTheSameTokenByToken) {
  const auto decoder = load("config", compute::Precision::fast);
  ASSERT_NE(decoder, nullptr);
  EXPECT_LE(relative_error(logits(*decoder, 300, 1), right(300)), kErrorMax);
  expect_same_routing(300);
  EXPECT_LE(relative_error(logits(*decoder, 300, 37), right(300)), kErrorMax);
}

TEST_P(DecoderParity, GivesTheBestTokensInTheMiddleOfAText) {
  const auto decoder = load("config", compute::Precision::fast);
  ASSERT_NE(decoder, nullptr);
  for (const auto& [position, best] : reference_["tops"].items()) {
    const std::size_t length = std::stoul(position) + 1;
    const std::vector<float> given = logits(*decoder, length, length);
    double largest = 1e-30;
    for (const float value : given) largest = std::max(largest, std::fabs(double{value}));
    for (const json& entry : best) {
      const double off = given.at(entry[0].get<std::size_t>()) - entry[1].get<double>();
      EXPECT_LE(std::fabs(off) / largest, kErrorMax) << "position " << position;
    }
  }
}

TEST_P(DecoderParity, ReadsTheConfigurationThatTransformersSaves) {
  const auto decoder = load("config_saved", compute::Precision::fast);
  ASSERT_NE(decoder, nullptr);
  EXPECT_LE(relative_error(logits(*decoder, 300, 300), right(300)), kErrorMax);
}

INSTANTIATE_TEST_SUITE_P(Architectures, DecoderParity, testing::ValuesIn(kDecoders),
                         [](const auto& param) { return std::string(param.param); });

class EncoderParity : public testing::TestWithParam<const char*> {};

TEST_P(EncoderParity, GivesTheVectorsThatTransformersGives) {
  const json reference = read_decoder_reference(GetParam());
  ASSERT_FALSE(reference.empty());
  const auto tokens = reference["tokens"].get<std::vector<TokenId>>();
  compute::ThreadPool threads(1);
  for (const auto pooling : {EncoderPooling::cls, EncoderPooling::mean}) {
    const ReferenceCheckpoint checkpoint(reference, "config");
    ConvertOptions options;
    options.pooling = pooling;
    const Status status = convert_directory(checkpoint.folder(), checkpoint.gguf(), options);
    ASSERT_TRUE(status) << status.error().message;
    auto file = Gguf::open(checkpoint.gguf());
    ASSERT_TRUE(file) << file.error().message;
    const auto encoder = Encoder::load(std::make_shared<const Gguf>(*std::move(file)), threads);
    if (!encoder && encoder.error().code == ErrorCode::unsupported_media) {
      GTEST_SKIP() << encoder.error().message;
    }
    ASSERT_TRUE(encoder) << encoder.error().message;
    for (const std::size_t length : reference["lengths"].get<std::vector<std::size_t>>()) {
      const std::vector<TokenId> text(tokens.begin(),
                                      tokens.begin() + static_cast<std::ptrdiff_t>(length));
      const auto vectors = (*encoder)->encode(std::span(&text, 1));
      ASSERT_TRUE(vectors) << vectors.error().message;
      const char* key = pooling == EncoderPooling::cls ? "cls" : "mean";
      auto right = reference["last"][std::to_string(length)][key].get<std::vector<double>>();
      double squares = 0;
      for (const double value : right) squares += value * value;
      for (double& value : right) value /= std::sqrt(squares);
      EXPECT_LE(relative_error(vectors->front(), right), kErrorMax) << key << " of " << length;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, EncoderParity,
                         testing::Values("bert", "xlmroberta", "nomicbert"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace wenyuan::llm
