#include "llm/pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/llm/fixture_lines.h"

namespace wenyuan::llm {
namespace {

using testing::ElementsAre;

std::vector<std::string> words(std::string_view text, PretokenizerKind kind) {
  std::vector<std::string> list;
  for (const std::string_view word : pretokenize(text, kind)) list.emplace_back(word);
  return list;
}

constexpr PretokenizerKind kAll[] = {
    PretokenizerKind::gpt2,         PretokenizerKind::starcoder,      PretokenizerKind::plain,
    PretokenizerKind::llama3,       PretokenizerKind::qwen2,          PretokenizerKind::qwen35,
    PretokenizerKind::gpt4o,        PretokenizerKind::tekken,         PretokenizerKind::kimi,
    PretokenizerKind::deepseek_llm, PretokenizerKind::deepseek_coder, PretokenizerKind::deepseek3};

TEST(Pretokenizer, CutsWordsNumbersAndSignsWithTheSpaceBeforeThem) {
  EXPECT_THAT(words("Hello, wörld 42 x1", PretokenizerKind::gpt2),
              ElementsAre("Hello", ",", " wörld", " 42", " x", "1"));
  EXPECT_THAT(words("中文，英文", PretokenizerKind::gpt2), ElementsAre("中文", "，", "英文"));
}

TEST(Pretokenizer, LeavesTheLastSpaceToTheWordBehind) {
  EXPECT_THAT(words("a   b", PretokenizerKind::gpt2), ElementsAre("a", "  ", " b"));
  EXPECT_THAT(words("a\n\nb", PretokenizerKind::gpt2), ElementsAre("a", "\n", "\n", "b"));
  EXPECT_THAT(words("a  ", PretokenizerKind::gpt2), ElementsAre("a", "  "));
}

TEST(Pretokenizer, CutsContractions) {
  EXPECT_THAT(words("it's they'LL", PretokenizerKind::gpt2),
              ElementsAre("it", "'s", " they", "'", "LL"));
  EXPECT_THAT(words("it's they'LL", PretokenizerKind::llama3),
              ElementsAre("it", "'s", " they", "'LL"));
  EXPECT_THAT(words("it's they'LL", PretokenizerKind::gpt4o), ElementsAre("it's", " they'LL"));
}

TEST(Pretokenizer, CutsNumbersAsTheFamilyDoes) {
  EXPECT_THAT(words("12345", PretokenizerKind::gpt2), ElementsAre("12345"));
  EXPECT_THAT(words("12345", PretokenizerKind::starcoder), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_THAT(words("12345", PretokenizerKind::llama3), ElementsAre("123", "45"));
  EXPECT_THAT(words("12345", PretokenizerKind::qwen2), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_THAT(words("12345", PretokenizerKind::deepseek3), ElementsAre("123", "45"));
  EXPECT_THAT(words("12345", PretokenizerKind::plain), ElementsAre("123", "45"));
  EXPECT_THAT(words("a  1", PretokenizerKind::starcoder), ElementsAre("a", "  ", "1"));
}

TEST(Pretokenizer, KeepsLineBreaksWithTheSignsBeforeThemInLlama3) {
  EXPECT_THAT(words("end.\n\nNext", PretokenizerKind::llama3), ElementsAre("end", ".\n\n", "Next"));
  EXPECT_THAT(words("a \n b", PretokenizerKind::llama3), ElementsAre("a", " \n", " b"));
}

TEST(Pretokenizer, CutsWhereCapitalsBegin) {
  EXPECT_THAT(words("camelCase HTTPServer", PretokenizerKind::tekken),
              ElementsAre("camel", "Case", " HTTPServer"));
  EXPECT_THAT(words("ABC", PretokenizerKind::gpt4o), ElementsAre("ABC"));
  // What a run of capitals can give back to end the word in a small letter, it gives back.
  EXPECT_THAT(words("กAB", PretokenizerKind::gpt4o), ElementsAre("ก", "AB"));
}

TEST(Pretokenizer, KeepsHanApartFromOtherLetters) {
  EXPECT_THAT(words("abc中文def", PretokenizerKind::kimi), ElementsAre("abc", "中文", "def"));
  EXPECT_THAT(words("中文がab", PretokenizerKind::deepseek3), ElementsAre("中文が", "ab"));
  EXPECT_THAT(words("中文ab", PretokenizerKind::llama3), ElementsAre("中文ab"));
}

TEST(Pretokenizer, LosesNothing) {
  const std::string text =
      " a'\n\t 1２三  é\xFF\xC3 \xE4\xB8 ''s \r\n e\u0301 กAB ~～。\u200b\u3000";
  for (const PretokenizerKind kind : kAll) {
    std::string joined;
    for (const std::string& word : words(text, kind)) {
      EXPECT_FALSE(word.empty());
      joined += word;
    }
    EXPECT_EQ(joined, text);
    EXPECT_TRUE(words("", kind).empty());
  }
}

TEST(Pretokenizer, KnowsTheNamesOfTheFamilies) {
  EXPECT_EQ(pretokenization("deepseek-v3")->kind, PretokenizerKind::deepseek3);
  EXPECT_EQ(pretokenization("deepseek-r1-qwen")->kind, PretokenizerKind::qwen2);
  EXPECT_EQ(pretokenization("refact")->kind, PretokenizerKind::starcoder);
  EXPECT_TRUE(pretokenization("qwen2")->normal_form_c);
  EXPECT_TRUE(pretokenization("llama-bpe")->whole_words_first);
  EXPECT_FALSE(pretokenization("dbrx")->whole_words_first);
  EXPECT_FALSE(pretokenization("martian").has_value());
}

// How the `tokenizers` library cuts the same texts with the published patterns.
class PretokenizerOfAFamily : public testing::TestWithParam<const char*> {};

TEST_P(PretokenizerOfAFamily, CutsWhereTheReferenceCuts) {
  const std::string name = GetParam();
  const std::vector<std::string> texts = fixture_lines("texts.txt");
  const std::vector<std::string> sizes = fixture_lines("words_" + name + ".txt");
  ASSERT_GE(texts.size(), 200U);
  ASSERT_EQ(texts.size(), sizes.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<TokenId> found;
    const std::string text = unescaped(texts[i]);
    for (const std::string_view word : pretokenize(text, pretokenization(name)->kind)) {
      found.push_back(static_cast<TokenId>(word.size()));
    }
    EXPECT_EQ(found, fixture_ids(sizes[i])) << "line " << i + 1 << ": " << texts[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Families, PretokenizerOfAFamily,
                         testing::Values("default", "gpt-2", "smollm", "llama-bpe", "qwen2",
                                         "qwen35", "gpt-4o", "tekken", "kimi-k2", "deepseek-llm",
                                         "deepseek-coder", "deepseek-v3"));

}  // namespace
}  // namespace wenyuan::llm
