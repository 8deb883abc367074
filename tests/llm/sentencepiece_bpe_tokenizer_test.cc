#include "llm/sentencepiece_bpe_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/llm/small_vocabularies.h"

namespace wenyuan::llm {
namespace {

using testing::ElementsAre;

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};
constexpr TokenId kFirstByte = 3;

class SentencepieceBpeTokenizers : public testing::Test {
 protected:
  SentencepieceBpeTokenizers() : tokenizer_(*Tokenizer::create(opened(small_sentencepiece()))) {}

  std::vector<std::string> pieces(std::string_view text) const {
    std::vector<std::string> list;
    for (const TokenId token : tokenizer_->encode(text, kPlain)) {
      list.push_back(tokenizer_->piece(token, true));
    }
    return list;
  }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(SentencepieceBpeTokenizers, MergeThePairOfTheHighestScore) {
  EXPECT_THAT(pieces("the"), ElementsAre(" the"));
  EXPECT_THAT(pieces("helo"), ElementsAre(" ", "he", "lo"));
  EXPECT_THAT(pieces("the the"), ElementsAre(" the", " the"));
}

TEST_F(SentencepieceBpeTokenizers, KeepEverySpace) {
  EXPECT_THAT(pieces("  t"), ElementsAre(" ", " ", " t"));
}

TEST_F(SentencepieceBpeTokenizers, WriteWhatTheyDoNotKnowAsBytes) {
  EXPECT_EQ(tokenizer().encode("é\n", kPlain),
            (std::vector<TokenId>{263, kFirstByte + 0xC3, kFirstByte + 0xA9, kFirstByte + '\n'}));
  EXPECT_EQ(tokenizer().decode(tokenizer().encode("中é😀\n", {})), " 中é😀\n");
}

TEST_F(SentencepieceBpeTokenizers, AddTheBeginningUnlessTheFileSaysNo) {
  EXPECT_EQ(tokenizer().encode("the", {}), (std::vector<TokenId>{1, 261}));
  GgufWriter writer = small_sentencepiece();
  writer.set("tokenizer.ggml.add_bos_token", false);
  writer.set("tokenizer.ggml.add_space_prefix", false);
  const auto other = Tokenizer::create(opened(writer));
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->encode("the", {}), (std::vector<TokenId>{264, 260}));
}

TEST_F(SentencepieceBpeTokenizers, ReadControlTokensOnlyWhereTheyAreToldTo) {
  EXPECT_EQ(tokenizer().encode("</s>the", {.add_special = false, .parse_special = true}),
            (std::vector<TokenId>{2, 261}));
  const std::vector<TokenId> plain = tokenizer().encode("</s>", kPlain);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), 2), 0);
  EXPECT_TRUE(tokenizer().is_end(2));
}

TEST(SentencepieceBpeTokenizer, WritesUnknownWhereThereAreNoBytes) {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", std::string("llama"));
  set_tokens(writer, {{"<unk>", 0, 2}, {"▁", -1}, {"a", -2}});
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  const auto tokenizer = Tokenizer::create(opened(writer));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ((*tokenizer)->encode("ba", kPlain), (std::vector<TokenId>{1, 0, 2}));
}

}  // namespace
}  // namespace wenyuan::llm
