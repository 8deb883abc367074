#include "index/highlight.h"

#include <gmock/gmock.h>

#include <string>

#include "base/text.h"

namespace wenyuan::index {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> marked(std::string_view query, std::string_view text) {
  std::vector<std::string> parts;
  std::int64_t last = 0;
  for (const auto& [start, end] : highlights(query, text)) {
    EXPECT_LE(last, start);
    EXPECT_LT(start, end);
    last = end;
    const std::size_t from = byte_offset(text, static_cast<std::size_t>(start));
    const std::size_t to = byte_offset(text, static_cast<std::size_t>(end));
    parts.emplace_back(text.substr(from, to - from));
  }
  return parts;
}

TEST(Highlights, MarksWordsByTheirStem) {
  EXPECT_THAT(marked("the signing of contracts", "A contract, signed. The end of it."),
              ElementsAre("contract", "signed"));
}

TEST(Highlights, MarksRunsOfChineseAndNotLoneCharacters) {
  EXPECT_THAT(marked("机器学习", "学习与机器学习,器械和习惯"), ElementsAre("学习", "机器学习"));
  EXPECT_THAT(marked("量", "数量和质量"), ElementsAre("量", "量"));
}

TEST(Highlights, CountsCodePointsOfTheOriginalText) {
  EXPECT_THAT(highlights("file size", "é𝄞 ﬁle ＳＩＺＥ"),
              ElementsAre(std::pair(3, 6), std::pair(7, 11)));
  EXPECT_THAT(marked("机器学习", "深度機器學習。"), ElementsAre("機器學習"));
  EXPECT_THAT(marked("cafe\u0301", "CAFÉ"), ElementsAre("CAFÉ"));
}

TEST(Highlights, StopWordsAreMarkedOnlyAlone) {
  EXPECT_THAT(marked("to be", "be or not to be"), ElementsAre("be", "to", "be"));
  EXPECT_THAT(marked("to go", "be or not to go"), ElementsAre("go"));
}

TEST(Highlights, AreEmptyForEmptyInput) {
  EXPECT_THAT(highlights("", "text"), IsEmpty());
  EXPECT_THAT(highlights("text", ""), IsEmpty());
  EXPECT_THAT(highlights("?", "? ! \xff"), IsEmpty());
}

}  // namespace
}  // namespace wenyuan::index
