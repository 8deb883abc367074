// Layers that see a window of the tokens keep no more than they need.
#include <gtest/gtest.h>

#include <cmath>

#include "llm/decoder/key_value_cache.h"
#include "llm/model.h"
#include "tests/llm/numerics_models.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kWindow = 200;
constexpr std::size_t kContext = 4096;

// Layers that see a window, but for each `period`-th one.
std::string random_gemma(std::int64_t layers, std::int64_t period) {
  RandomModel model;
  model.file.text("general.architecture", "gemma3");
  model.file.integer("gemma3.block_count", static_cast<std::uint32_t>(layers));
  model.file.integer("gemma3.context_length", kContext);
  model.file.integer("gemma3.embedding_length", 64);
  model.file.integer("gemma3.feed_forward_length", 64);
  model.file.integer("gemma3.attention.head_count", 2);
  model.file.integer("gemma3.attention.head_count_kv", 1);
  model.file.integer("gemma3.attention.key_length", 32);
  model.file.integer("gemma3.attention.value_length", 32);
  model.file.integer("gemma3.attention.sliding_window", kWindow);
  model.file.integer("gemma3.attention.sliding_window_pattern", static_cast<std::uint32_t>(period));
  model.file.real("gemma3.attention.layer_norm_rms_epsilon", 1e-5F);
  model.file.real("gemma3.rope.freq_base", 10000.0F);
  model.weights("token_embd.weight", 64, kVocabulary, kQ8_0);
  model.vector("output_norm.weight", 64, 1);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    for (const char* norm : {"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"}) {
      model.vector(prefix + norm + ".weight", 64, 1);
    }
    model.weights(prefix + "attn_q.weight", 64, 64, kQ8_0);
    model.weights(prefix + "attn_k.weight", 64, 32, kQ8_0);
    model.weights(prefix + "attn_v.weight", 64, 32, kQ8_0);
    model.weights(prefix + "attn_output.weight", 64, 64, kQ8_0);
    model.weights(prefix + "ffn_gate.weight", 64, 64, kQ8_0);
    model.weights(prefix + "ffn_up.weight", 64, 64, kQ8_0);
    model.weights(prefix + "ffn_down.weight", 64, 64, kQ8_0);
  }
  return model.file.bytes();
}

class DecoderWindow : public testing::TestWithParam<compute::KeyValueType> {
 protected:
  std::unique_ptr<Decoder> load(std::int64_t layers, std::int64_t period) {
    LoadOptions options;
    options.cache = GetParam();
    auto decoder = Decoder::load(opened(random_gemma(layers, period)), threads_, options);
    EXPECT_TRUE(decoder) << decoder.error().message;
    return decoder ? *std::move(decoder) : nullptr;
  }

  static std::vector<float> append(Decoder& decoder, Sequence& sequence,
                                   std::span<const TokenId> tokens, std::size_t step) {
    std::vector<float> result;
    for (std::size_t at = 0; at < tokens.size(); at += step) {
      const auto now =
          decoder.append(sequence, tokens.subspan(at, std::min(step, tokens.size() - at)));
      EXPECT_TRUE(now) << now.error().message;
      if (!now) return {};
      result.assign(now->begin(), now->end());
    }
    return result;
  }

  static std::vector<float> append_new(Decoder& decoder, std::span<const TokenId> tokens,
                                       std::size_t step) {
    const auto sequence = decoder.new_sequence(kContext);
    EXPECT_TRUE(sequence);
    return append(decoder, **sequence, tokens, step);
  }

  compute::ThreadPool threads_{1};
};

// One layer's result depends on no more than the window, and on positions only as they differ.
TEST_P(DecoderWindow, GivesALongTextsEndWhatItGivesTheEndAlone) {
  const auto decoder = load(1, 6);
  ASSERT_NE(decoder, nullptr);
  const auto tokens = some_tokens(3000, 1);
  const auto all = append_new(*decoder, tokens, 3000);
  const auto end = append_new(*decoder, std::span(tokens).last(kWindow), kWindow);
  const auto other = append_new(*decoder, std::span(tokens).last(kWindow / 2), kWindow);
  ASSERT_EQ(all.size(), end.size());
  double off = 0;
  double off_other = 0;
  double size = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    off += std::pow(double{all[i]} - double{end[i]}, 2);
    off_other += std::pow(double{all[i]} - double{other[i]}, 2);
    size += std::pow(double{all[i]}, 2);
  }
  EXPECT_LT(std::sqrt(off / size), 0.02);
  EXPECT_GT(off_other, 4 * off);  // a shorter window would be seen
}

TEST_P(DecoderWindow, GivesTheSameBitsHoweverALongTextIsCut) {
  const auto decoder = load(3, 3);
  ASSERT_NE(decoder, nullptr);
  const auto tokens = some_tokens(2300, 2);
  const auto whole = append_new(*decoder, tokens, tokens.size());
  EXPECT_EQ(append_new(*decoder, tokens, 1), whole);
  EXPECT_EQ(append_new(*decoder, tokens, 700), whole);
}

TEST_P(DecoderWindow, TakesBackSomeTokensOrForgetsAll) {
  const auto decoder = load(3, 3);
  ASSERT_NE(decoder, nullptr);
  const auto tokens = some_tokens(2500, 3);
  const auto others = some_tokens(2500, 4);
  const auto sequence = decoder->new_sequence(kContext);
  ASSERT_TRUE(sequence);
  append(*decoder, **sequence, tokens, 2500);
  ASSERT_EQ((*sequence)->truncate(2600), 2500U);
  ASSERT_EQ((*sequence)->truncate(1900), 1900U);
  auto changed = tokens;
  std::copy(others.begin() + 1900, others.end(), changed.begin() + 1900);
  EXPECT_EQ(append(*decoder, **sequence, std::span(changed).subspan(1900), 600),
            append_new(*decoder, changed, 2500));
  ASSERT_EQ((*sequence)->truncate(700), 0U);
  EXPECT_EQ((*sequence)->size(), 0U);
  EXPECT_EQ(append(*decoder, **sequence, others, 2500), append_new(*decoder, others, 2500));
}

INSTANTIATE_TEST_SUITE_P(Caches, DecoderWindow,
                         testing::Values(compute::KeyValueType::f32, compute::KeyValueType::f16,
                                         compute::KeyValueType::q8_0));

TEST(KeyValueCache, GivesBackWhatIsBehindTheWindow) {
  KeyValueCache cache({.heads = 2, .head_size = 32, .window = kWindow});
  cache.reserve(3000);
  cache.move_window(3000);
  const auto blocks = cache.blocks(1, 3000);
  std::size_t kept = 0;
  for (const std::uint8_t* block : blocks) kept += block != nullptr ? 1 : 0;
  EXPECT_EQ(blocks.front(), nullptr);
  EXPECT_NE(blocks.back(), nullptr);
  EXPECT_LE(kept * compute::kKeysPerBlock, kWindow + 1024 + 2 * compute::kKeysPerBlock);
  EXPECT_GE(kept * compute::kKeysPerBlock, kWindow + 1024);
  EXPECT_TRUE(cache.can_shrink(2500));
  EXPECT_FALSE(cache.can_shrink(1000));
  EXPECT_TRUE(cache.can_shrink(0));
}

}  // namespace
}  // namespace wenyuan::llm
