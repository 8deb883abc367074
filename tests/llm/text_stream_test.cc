#include "llm/text_stream.h"

#include <gtest/gtest.h>

namespace wenyuan::llm {
namespace {

TEST(TextStream, HoldsBackHalfACharacterUntilTheRestComes) {
  TextStream stream({});
  EXPECT_EQ(stream.push("a\xE4\xBD"), "a");
  EXPECT_EQ(stream.push("\xA0"), "你");
  EXPECT_EQ(stream.push("\xF0"), "");
  EXPECT_EQ(stream.push("\x9F\x98"), "");
  EXPECT_EQ(stream.push("\x80!"), "😀!");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, ReplacesBytesThatCanNeverBeUtf8) {
  TextStream stream({});
  EXPECT_EQ(stream.push("a\xFF"), "a\uFFFD");
  EXPECT_EQ(stream.push("\x80"), "\uFFFD");
  EXPECT_EQ(stream.push("\xE4"), "");
  EXPECT_EQ(stream.push("b"), "\uFFFDb");
  EXPECT_EQ(stream.push("\xE4\xBD"), "");
  EXPECT_FALSE(stream.finish().empty());
}

TEST(TextStream, EndsBeforeAStopTextThatIsSpreadOverPieces) {
  TextStream stream({"END"});
  EXPECT_EQ(stream.push("text E"), "text ");
  EXPECT_EQ(stream.push("N"), "");
  EXPECT_EQ(stream.push("D and more"), "");
  EXPECT_TRUE(stream.is_stopped());
  EXPECT_EQ(stream.push("even more"), "");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, GivesBackWhatOnlyLookedLikeAStopText) {
  TextStream stream({"\n\nUser:"});
  EXPECT_EQ(stream.push("one\n"), "one");
  EXPECT_EQ(stream.push("\n"), "");
  EXPECT_EQ(stream.push("two\n\nUs"), "\n\ntwo");
  EXPECT_EQ(stream.finish(), "\n\nUs");
  EXPECT_FALSE(stream.is_stopped());
}

TEST(TextStream, EndsAtTheFirstOfSeveralStopTexts) {
  TextStream stream({"zz", "b", "abc"});
  EXPECT_EQ(stream.push("xx abczz"), "xx ");
  EXPECT_TRUE(stream.is_stopped());
}

TEST(TextStream, FindsAStopTextThatOverlapsItsOwnBeginning) {
  TextStream stream({"aab"});
  EXPECT_EQ(stream.push("aa"), "");
  EXPECT_EQ(stream.push("a"), "a");
  EXPECT_EQ(stream.push("b"), "");
  EXPECT_TRUE(stream.is_stopped());
}

TEST(TextStream, FindsAStopTextOfSeveralBytesInACharacter) {
  TextStream stream({"。"});
  EXPECT_EQ(stream.push("好\xE3"), "好");
  EXPECT_EQ(stream.push("\x80"), "");
  EXPECT_EQ(stream.push("\x82"), "");
  EXPECT_TRUE(stream.is_stopped());
}

}  // namespace
}  // namespace wenyuan::llm
