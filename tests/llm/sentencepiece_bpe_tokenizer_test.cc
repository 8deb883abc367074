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

// As Gemma's: no space before the text, runs of spaces as tokens of their own.
TEST(SentencepieceBpeTokenizer, TakesTheSpacesOfTheUsersTokensAsTheyAre) {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", std::string("llama"));
  writer.set("tokenizer.ggml.add_space_prefix", false);
  set_tokens(writer, {{"<unk>", 0, 2},
                      {"▁", -1},
                      {"a", -2},
                      {"▁a", -3},
                      {"  ", 0, 4},
                      {"   ", 0, 4},
                      {"\n\n", 0, 4}});
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  const auto tokenizer = Tokenizer::create(opened(writer));
  ASSERT_TRUE(tokenizer);
  const auto ids = [&](std::string_view text) { return (*tokenizer)->encode(text, kPlain); };
  EXPECT_THAT(ids("a  a a   \n\n a"), ElementsAre(2, 4, 2, 3, 5, 6, 3));
  // The mark that stands for a space is one in a text too.
  EXPECT_THAT(ids("a▁▁a▁a"), ElementsAre(2, 4, 2, 3));
}

TEST(SentencepieceBpeTokenizer, TakesApartWhatIsMadeOfTokensThatAreUnused) {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", std::string("llama"));
  writer.set("tokenizer.ggml.add_space_prefix", false);
  set_tokens(writer,
             {{"<unk>", 0, 2}, {"a", -4}, {"b", -5}, {"ab", -1, 5}, {"abc", -2}, {"c", -3}});
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  const auto tokenizer = Tokenizer::create(opened(writer));
  ASSERT_TRUE(tokenizer);
  EXPECT_THAT((*tokenizer)->encode("ab", kPlain), ElementsAre(1, 2));
  EXPECT_THAT((*tokenizer)->encode("abc", kPlain), ElementsAre(4));
}

TEST(SentencepieceBpeTokenizer, MovesWhatIsTrustedWithItsText) {
  const auto tokenizer = Tokenizer::create(opened(small_sentencepiece()));
  ASSERT_TRUE(tokenizer);
  const std::string text = "▁</s>▁</s>";
  const std::vector<TextRange> trusted = {{3, 7}};
  const auto tokens =
      (*tokenizer)
          ->encode(text, {.add_special = false, .parse_special = true, .trusted = &trusted});
  EXPECT_EQ(std::count(tokens.begin(), tokens.end(), 2), 1);
  EXPECT_EQ(tokens[2], 2) << "the first of them";
}

}  // namespace
}  // namespace wenyuan::llm
