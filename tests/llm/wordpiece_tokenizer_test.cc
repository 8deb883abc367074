#include "llm/wordpiece_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/llm/small_vocabularies.h"

namespace wenyuan::llm {
namespace {

using testing::ElementsAre;

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};

class WordpieceTokenizers : public testing::Test {
 protected:
  WordpieceTokenizers() : tokenizer_(*Tokenizer::create(opened(small_wordpiece()))) {}

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

TEST_F(WordpieceTokenizers, TakeTheLongestPieceFirst) {
  EXPECT_THAT(pieces("unaffable"), ElementsAre(" un", "aff", "able"));
  EXPECT_THAT(pieces("affable"), ElementsAre(" affable"));
}

TEST_F(WordpieceTokenizers, GiveUpAWholeWordWhenAPartIsUnknown) {
  EXPECT_THAT(pieces("unaffablez a"), ElementsAre("[UNK]", " a"));
  EXPECT_THAT(pieces("zun"), ElementsAre("[UNK]"));
}

TEST_F(WordpieceTokenizers, LowerCaseAndDropAccents) {
  EXPECT_THAT(pieces("CAFÉ Cafe\u0301"), ElementsAre(" cafe", " cafe"));
}

TEST_F(WordpieceTokenizers, CutAtSignsAndChineseCharacters) {
  EXPECT_THAT(pieces("a,un!"), ElementsAre(" a", " ,", " un", " !"));
  EXPECT_THAT(pieces("中国a"), ElementsAre(" 中", " 国", " a"));
}

TEST_F(WordpieceTokenizers, DropControlCharactersAndTakeAnyWhiteSpace) {
  EXPECT_THAT(pieces("u\u200Bn\u0007\u3000a\n\ta\u00A0a"), ElementsAre(" un", " a", " a", " a"));
  EXPECT_THAT(pieces(" \n "), ElementsAre());
}

TEST_F(WordpieceTokenizers, TakeNoPieceThatBeginsAWordForTheRestOfOne) {
  EXPECT_THAT(pieces("un▁aff"), ElementsAre("[UNK]"));
}

TEST(WordpieceTokenizer, KeepsCapitalsAndAccentsWhereTheVocabularyHasThem) {
  const auto ids = [](const std::vector<SmallToken>& tokens, std::string_view text) {
    GgufWriter writer;
    writer.set("tokenizer.ggml.model", std::string("bert"));
    set_tokens(writer, tokens);
    const auto tokenizer = Tokenizer::create(opened(writer));
    EXPECT_TRUE(tokenizer);
    return (*tokenizer)->encode(text, kPlain);
  };
  const std::vector<SmallToken> folded = {{"[UNK]", 0, 3}, {"[CLS]", 0, 3}, {"[SEP]", 0, 3},
                                          {"[unused1]"},   {"▁café"},       {"▁cafe"},
                                          {"▁cat"}};
  EXPECT_EQ(ids(folded, "Café CAT"), (std::vector<TokenId>{5, 6}));
  std::vector<SmallToken> cased = folded;
  cased.push_back({"▁CAT"});
  EXPECT_EQ(ids(cased, "café CAT cat Cat"), (std::vector<TokenId>{4, 7, 6, 0}));
}

// The reference's table leaves out the first 256 of the characters from U+2B820 on.
TEST_F(WordpieceTokenizers, KeepTheGapOfTheReference) {
  EXPECT_THAT(pieces("a\U0002B820a"), ElementsAre("[UNK]"));
  EXPECT_THAT(pieces("a\U0002B920a"), ElementsAre(" a", "[UNK]", " a"));
}

TEST_F(WordpieceTokenizers, TakeWordsOfOverAHundredCharactersAsUnknown) {
  EXPECT_THAT(pieces("un" + std::string(99, 'a')), ElementsAre("[UNK]"));
}

TEST_F(WordpieceTokenizers, PutTheTextBetweenItsMarks) {
  EXPECT_EQ(tokenizer().encode("a", {}), (std::vector<TokenId>{2, 13, 3}));
  EXPECT_EQ(tokenizer().encode("", {}), (std::vector<TokenId>{2, 3}));
  EXPECT_EQ(tokenizer().bos(), 2);
  EXPECT_EQ(tokenizer().eos(), 3);
  EXPECT_EQ(tokenizer().decode(tokenizer().encode("a un", {})), " a un");
}

TEST(WordpieceTokenizer, IsRefusedWithoutItsMarks) {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", std::string("bert"));
  set_tokens(writer, {{"[UNK]"}, {"[CLS]"}});
  const auto tokenizer = Tokenizer::create(opened(writer));
  ASSERT_FALSE(tokenizer);
  EXPECT_THAT(tokenizer.error().message, testing::HasSubstr("[SEP]"));
}

}  // namespace
}  // namespace wenyuan::llm
