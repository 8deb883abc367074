#include "index/analyzer.h"

#include <gmock/gmock.h>

#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "index/stop_words.h"

namespace wenyuan::index {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> texts(std::string_view text) {
  std::vector<std::string> out;
  for (const Term& term : Analyzer().terms(text)) out.push_back(term.text);
  return out;
}

TEST(Analyzer, StemsAndFoldsEnglish) {
  EXPECT_THAT(texts("Running RIVERS, (bank's) don't"),
              ElementsAre("run", "river", "bank", "don't"));
  EXPECT_THAT(texts("don\u2019t"), ElementsAre("don't"));
}

TEST(Analyzer, KeepsNumbersInitialsAndNamesOfLanguages) {
  EXPECT_THAT(texts("1,234.50 v1.2.3 in 1,2"), ElementsAre("1234.50", "v1.2.3", "in", "1", "2"));
  EXPECT_THAT(texts("U.S.A. and U.K"), ElementsAre("usa", "and", "uk"));
  EXPECT_THAT(texts("C++ C# A+B AT&T a.out user_name"),
              ElementsAre("c++", "c#", "a", "b", "at&t", "a", "out", "user_nam"));
}

TEST(Analyzer, CutsChineseIntoCharactersAndPairs) {
  EXPECT_THAT(texts("數據庫,A股"), ElementsAre("数", "数据", "据", "据库", "库", "a", "股"));
  EXPECT_THAT(texts("Ｗｉｎｄｏｗｓ系统"), ElementsAre("window", "系", "系统", "统"));
  EXPECT_THAT(texts("ﾃﾞｰﾀ"), ElementsAre("デ", "デー", "ー", "ータ", "タ"));
}

TEST(Analyzer, CountsPositionsOfWordsAndCharacters) {
  std::vector<std::uint32_t> positions;
  for (const Term& term : Analyzer().terms("see 合同 now")) {
    if (term.kind != TermKind::pair) positions.push_back(term.position);
  }
  EXPECT_THAT(positions, ElementsAre(0, 1, 2, 3));
}

TEST(Analyzer, CutsEndlessWordsAtACharacter) {
  const std::vector<std::string> found = texts(std::string(99'999, 'q') + " " + [] {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "ж";
    return text;
  }());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].size(), kTermSizeMax);
  EXPECT_TRUE(is_utf8(found[1]));
  EXPECT_LE(found[1].size(), kTermSizeMax);
}

TEST(Analyzer, KnowsStopWordsBeforeStemming) {
  EXPECT_TRUE(is_stop_word("themselves"));
  EXPECT_FALSE(is_stop_word("river"));
  EXPECT_TRUE(Analyzer().terms("Being")[0].stop);
}

TEST(Analyzer, TakesAnyBytes) {
  std::mt19937 random(1);
  static constexpr const char* kPieces[] = {
      "a",    "Z",        ".", "'", ",", "1", "中", "é",  "\xcc\x81",
      "\xff", "\xe4\xb8", "&", "+", "#", " ", "ﬁ",  "㍿", "\xf0\x9d\x84\x9e",
      "ｱ",    "ﾞ",        "İ"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (auto count = random() % 30; count > 0; --count) {
      text += kPieces[random() % std::size(kPieces)];
    }
    const std::size_t length = code_point_count(is_utf8(text) ? text : to_valid_utf8(text));
    std::uint32_t start = 0;
    for (const Term& term : Analyzer().terms(text)) {
      EXPECT_FALSE(term.text.empty());
      EXPECT_TRUE(is_utf8(term.text));
      EXPECT_LE(start, term.start);
      EXPECT_LT(term.start, term.end);
      EXPECT_LE(term.end, length);
      start = term.start;
    }
  }
}

}  // namespace
}  // namespace wenyuan::index
