#include "llm/unigram_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/llm/small_vocabularies.h"

namespace wenyuan::llm {
namespace {

using testing::ElementsAre;

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};

class UnigramTokenizers : public testing::Test {
 protected:
  UnigramTokenizers() : tokenizer_(*Tokenizer::create(opened(small_unigram()))) {}

  std::vector<std::string> pieces(std::string_view text,
                                  const EncodeOptions& options = kPlain) const {
    std::vector<std::string> list;
    for (const TokenId token : tokenizer_->encode(text, options)) {
      list.push_back(tokenizer_->piece(token, true));
    }
    return list;
  }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(UnigramTokenizers, TakeTheCutWithTheHighestSum) {
  // " ab" and "c" give -10; " a" and "bc" -11; " " and "abc" -15.
  EXPECT_THAT(pieces("abc"), ElementsAre(" ab", "c"));
  EXPECT_THAT(pieces("a"), ElementsAre(" a"));
  EXPECT_THAT(pieces("xab"), ElementsAre(" ", "x", "ab"));
  EXPECT_THAT(pieces("xabc"), ElementsAre(" ", "x", "ab", "c"));
}

TEST_F(UnigramTokenizers, PreferLongCharactersToo) {
  EXPECT_THAT(pieces("中国中"), ElementsAre(" ", "中国", "中"));
}

TEST_F(UnigramTokenizers, JoinNeighboursThatAreUnknown) {
  EXPECT_THAT(pieces("aδεa"), ElementsAre(" a", "<unk>", "a"));
  EXPECT_THAT(pieces("δaε"), ElementsAre(" ", "<unk>", "a", "<unk>"));
}

TEST_F(UnigramTokenizers, PutASpaceBeforeTheTextAndTakeRunsOfSpacesAsOne) {
  EXPECT_THAT(pieces("a  \t a"), ElementsAre(" a", " a"));
  EXPECT_THAT(pieces(" a"), ElementsAre(" a"));
  EXPECT_THAT(pieces("a "), ElementsAre(" a"));
  EXPECT_THAT(pieces(" "), ElementsAre(" "));
}

TEST_F(UnigramTokenizers, NormaliseByTheMapOfTheFile) {
  EXPECT_THAT(pieces("\uFF41\u00AD\tx"), ElementsAre(" a", " ", "x"));
  EXPECT_THAT(pieces("\uFB03"), ElementsAre(" ab", "c"));
}

TEST_F(UnigramTokenizers, AddBeginningAndEnd) {
  EXPECT_EQ(tokenizer().encode("a", {}), (std::vector<TokenId>{0, 10, 1}));
  EXPECT_EQ(tokenizer().encode("<s>", {.add_special = false, .parse_special = true}),
            (std::vector<TokenId>{0}));
}

TEST_F(UnigramTokenizers, KeepUserDefinedTokensWhole) {
  EXPECT_THAT(pieces("x[tool]x"), ElementsAre(" ", "x", "[tool]", " ", "x"));
}

TEST_F(UnigramTokenizers, GiveSpacesBackForTheirMark) {
  EXPECT_EQ(tokenizer().decode(tokenizer().encode("ab a", {})), " ab a");
}

TEST_F(UnigramTokenizers, TakeIllFormedBytesAsUnknown) {
  EXPECT_THAT(pieces("a\xFF\xE4\xB8"), ElementsAre(" a", "<unk>"));
}

TEST(UnigramTokenizer, KeepsASpaceAtTheEndWhereTheFileSaysSo) {
  GgufWriter writer = small_unigram();
  writer.set("tokenizer.wenyuan.keep_last_space", true);
  const auto tokenizer = Tokenizer::create(opened(writer));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ((*tokenizer)->encode("a  ", kPlain), (std::vector<TokenId>{10, 3}));
}

TEST(UnigramTokenizer, IsRefusedWithoutAnUnknownToken) {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", std::string("t5"));
  set_tokens(writer, {{"a"}});
  EXPECT_THAT(Tokenizer::create(opened(writer)).error().message,
              testing::HasSubstr("no unknown token"));
}

TEST(UnigramTokenizer, IsRefusedWithAMapThatIsCutOff) {
  for (const std::vector<std::int32_t>& map :
       {std::vector<std::int32_t>{65}, {65, 2, 66}, {65, -1}, {65, 0, 66}}) {
    GgufWriter writer;
    writer.set("tokenizer.ggml.model", std::string("t5"));
    set_tokens(writer, {{"<unk>", 0, 2}});
    writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
    writer.set("tokenizer.wenyuan.normalizer", map);
    const auto tokenizer = Tokenizer::create(opened(writer));
    ASSERT_FALSE(tokenizer);
    EXPECT_EQ(tokenizer.error().code, ErrorCode::corrupt);
  }
}

TEST(UnigramTokenizer, IsRefusedWithRulesThatItCannotRead) {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", std::string("t5"));
  set_tokens(writer, {{"<unk>", 0, 2}});
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  writer.set("tokenizer.ggml.precompiled_charsmap", std::vector<std::uint8_t>{1, 2});
  EXPECT_EQ(Tokenizer::create(opened(writer)).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace wenyuan::llm
