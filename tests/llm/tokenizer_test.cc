#include "llm/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/llm/small_vocabularies.h"

namespace wenyuan::llm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<TokenId>;

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};
constexpr EncodeOptions kParsed{.add_special = false, .parse_special = true};

std::unique_ptr<Tokenizer> tokenizer_of(const GgufWriter& writer) {
  auto tokenizer = Tokenizer::create(opened(writer));
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? *std::move(tokenizer) : nullptr;
}

// The pieces of the tokens, as a person would write them.
std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text,
                                const EncodeOptions& options = kPlain) {
  std::vector<std::string> list;
  for (const TokenId token : tokenizer.encode(text, options)) {
    list.push_back(tokenizer.piece(token, true));
  }
  return list;
}

std::string refusal(const std::function<void(GgufWriter&)>& fill) {
  GgufWriter writer;
  fill(writer);
  const auto tokenizer = Tokenizer::create(opened(writer));
  return tokenizer ? "" : tokenizer.error().message;
}

TEST(Tokenizer, IsRefusedWithTheReason) {
  EXPECT_THAT(refusal([](GgufWriter&) {}), HasSubstr("no tokens"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                set_tokens(writer, {{"a"}});
                writer.set("tokenizer.ggml.model", std::string("rwkv"));
              }),
              HasSubstr("\"rwkv\" is not supported"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                set_tokens(writer, {{"a"}});
                writer.set("tokenizer.ggml.model", std::string("gpt2"));
                writer.set("tokenizer.ggml.pre", std::string("martian"));
              }),
              HasSubstr("martian"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                set_tokens(writer, {{"a"}});
                writer.set("tokenizer.ggml.model", std::string("gpt2"));
              }),
              HasSubstr("no merges"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                set_tokens(writer, {{"a"}});
                writer.set("tokenizer.ggml.model", std::string("gpt2"));
                writer.set("tokenizer.ggml.merges", std::vector<std::string>{"ab"});
              }),
              HasSubstr("no pair"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                set_tokens(writer, {{"a"}});
                writer.set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
              }),
              HasSubstr("bos_token_id is out of range"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                set_tokens(writer, {{"a", 0, 7}});
              }),
              HasSubstr("token type 7"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                writer.set("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
                writer.set("tokenizer.ggml.scores", std::vector<float>{1});
              }),
              HasSubstr("number of scores"));
  EXPECT_THAT(refusal([](GgufWriter& writer) {
                writer.set("tokenizer.ggml.tokens", std::vector<std::string>{"a"});
                writer.set("tokenizer.ggml.scores",
                           std::vector<float>{std::numeric_limits<float>::infinity()});
              }),
              HasSubstr("not a number"));
}

TEST(BpeTokenizer, MakesTheMergesInTheOrderOfTheirRank) {
  // "b c" comes first, so "abc" is not cut into "ab" and "c".
  const auto tokenizer = tokenizer_of(small_bpe("gpt-2", {"b c", "a b", "a bc"}));
  EXPECT_THAT(pieces(*tokenizer, "abc"), ElementsAre("abc"));
  EXPECT_THAT(pieces(*tokenizer, "ab"), ElementsAre("ab"));
  EXPECT_THAT(pieces(*tokenizer, "abab"), ElementsAre("ab", "ab"));
  EXPECT_THAT(pieces(*tokenizer, "bcb"), ElementsAre("bc", "b"));
}

TEST(BpeTokenizer, MergesEqualPairsFromTheLeft) {
  const auto tokenizer = tokenizer_of(small_bpe("gpt-2", {"a a"}));
  EXPECT_THAT(pieces(*tokenizer, "aaaaa"), ElementsAre("aa", "aa", "a"));
}

TEST(BpeTokenizer, MergesNothingAcrossWords) {
  const auto tokenizer = tokenizer_of(small_bpe("gpt-2", {"a Ġ", "Ġ b", "a b"}));
  EXPECT_THAT(pieces(*tokenizer, "a b"), ElementsAre("a", " b"));
}

TEST(BpeTokenizer, SaysEveryByteWhateverItMeans) {
  const auto tokenizer = tokenizer_of(small_bpe("smollm", {}));
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const Ids tokens = tokenizer->encode(all, kPlain);
  EXPECT_EQ(tokens.size(), 256U);
  EXPECT_EQ(tokenizer->decode(tokens), all);
}

TEST(BpeTokenizer, TakesAWholeWordFirstWhereLlama3Does) {
  // There is a token "abc", but "b c" comes first and nothing leads on from there.
  const std::vector<std::string> merges = {"b c", "a b", "ab c"};
  EXPECT_THAT(pieces(*tokenizer_of(small_bpe("gpt-2", merges)), "abc"), ElementsAre("a", "bc"));
  EXPECT_THAT(pieces(*tokenizer_of(small_bpe("llama-bpe", merges)), "abc"), ElementsAre("abc"));
}

TEST(BpeTokenizer, ReadsControlTokensOnlyWhereItIsToldTo) {
  const auto tokenizer = tokenizer_of(small_bpe("smollm", {}));
  const std::string text = "a<|im_end|>b";
  EXPECT_THAT(pieces(*tokenizer, text, kParsed), ElementsAre("a", "<|im_end|>", "b"));
  EXPECT_EQ(tokenizer->encode(text, kPlain).size(), text.size());
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, kParsed)), "ab");
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, kParsed), true), text);
}

TEST(BpeTokenizer, EndsAtEveryTokenThatEndsATurn) {
  const auto tokenizer = tokenizer_of(small_bpe("smollm", {}));
  EXPECT_EQ(tokenizer->size(), 259U);
  EXPECT_EQ(tokenizer->bos(), 256);
  EXPECT_EQ(tokenizer->eos(), 258);
  EXPECT_TRUE(tokenizer->is_end(256)) << "<|endoftext|>";
  EXPECT_FALSE(tokenizer->is_end(257)) << "<|im_start|>";
  EXPECT_TRUE(tokenizer->is_end(258)) << "<|im_end|>";
  EXPECT_FALSE(tokenizer->is_end(-1));
}

TEST(BpeTokenizer, AddsWhatTheFileAsksFor) {
  GgufWriter writer = small_bpe("smollm", {});
  writer.set("tokenizer.ggml.add_bos_token", true);
  writer.set("tokenizer.ggml.add_eos_token", true);
  const auto tokenizer = tokenizer_of(writer);
  EXPECT_EQ(tokenizer->encode("a", {}), (Ids{256, 'a', 258}));
  EXPECT_EQ(tokenizer->encode("a", kPlain), (Ids{'a'}));
  EXPECT_EQ(tokenizer->encode("", {}), (Ids{256, 258}));
}

TEST(BpeTokenizer, HasNoPieceForANumberThatIsNoToken) {
  const auto tokenizer = tokenizer_of(small_bpe("smollm", {}));
  EXPECT_EQ(tokenizer->piece(-1), "");
  EXPECT_EQ(tokenizer->piece(100000), "");
}

TEST(BpeTokenizer, MergesNothingOverAByteThatItCannotSay) {
  const auto tokenizer = tokenizer_of(bpe_of("smollm", {{"a"}, {"b"}, {"ab"}}, {"a b"}));
  EXPECT_EQ(tokenizer->encode("ab", kPlain), (Ids{2}));
  EXPECT_EQ(tokenizer->encode("axb", kPlain), (Ids{0, 1}));
}

TEST(BpeTokenizer, MergesLongWordsAsItDoesShortOnes) {
  const auto tokenizer = tokenizer_of(small_bpe("gpt-2", {"b c", "a b", "a bc", "abc abc"}));
  std::string text;
  for (int i = 0; i < 100; ++i) text += "abc";
  const Ids tokens = tokenizer->encode(text, kPlain);
  EXPECT_EQ(tokens.size(), 50U);
  EXPECT_EQ(tokenizer->decode(tokens), text);
}

TEST(BpeTokenizer, BringsTextsToNormalFormCWhereTheFamilyDoes) {
  const std::string apart = "e\u0301";
  EXPECT_EQ(tokenizer_of(small_bpe("qwen2", {}))->encode(apart, kPlain), (Ids{0xC3, 0xA9}));
  EXPECT_EQ(tokenizer_of(small_bpe("smollm", {}))->encode(apart, kPlain), (Ids{'e', 0xCC, 0x81}));
}

TEST(Tokenizer, SaysWhatItPutsBeforeATextThoughThatMayEndOne) {
  GgufWriter writer = small_bpe("smollm", {});
  EXPECT_EQ(tokenizer_of(writer)->prefix(), Ids{});
  writer.set("tokenizer.ggml.add_bos_token", true);
  const auto tokenizer = tokenizer_of(writer);
  EXPECT_EQ(tokenizer->prefix(), (Ids{256}));
  EXPECT_TRUE(tokenizer->is_end(256)) << "<|endoftext|>, which begins texts too";
  EXPECT_EQ(tokenizer_of(small_sentencepiece())->prefix(), (Ids{1}));
  EXPECT_EQ(tokenizer_of(small_wordpiece())->prefix(), (Ids{2}));
}

}  // namespace
}  // namespace wenyuan::llm
