#include <gmock/gmock.h>

#include "base/text.h"
#include "documents.h"
#include "ingest/extract/clean.h"
#include "ingest/extract/plain_heading.h"

namespace wenyuan::ingest {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Text, HasParagraphsAndChapterHeadings) {
  const Extracted river = extracted_file("river.txt", "text/plain");
  EXPECT_EQ(river.media_type, "text/plain");
  EXPECT_EQ(river.title, "Chapter 1 The River");
  EXPECT_THAT(outline(river),
              ElementsAre("H1:Chapter 1 The River",
                          "P:The river rises in the hills. It flows past\nthree mills before it "
                          "reaches the town.",
                          "P:In spring it floods the meadows."));
}

TEST(Text, IsReadInEveryEncoding) {
  const Extracted gb = extracted_file("warehouse.txt");
  EXPECT_THAT(outline(gb), Contains("P:第二条 本办法适用于公司所有仓库。"));
  EXPECT_EQ(extracted_file("utf16.txt").text, gb.text);
  EXPECT_EQ(extracted("\xEF\xBB\xBF"
                      "caf\xC3\xA9")
                .text,
            "café");
  EXPECT_EQ(extracted("caf\xE9 au lait", "text/plain; charset=iso-8859-1").text, "café au lait");
}

TEST(Text, RefusesWhatIsNoText) {
  EXPECT_EQ(refusal(document("binary.txt"), "text/plain").code, ErrorCode::unsupported_media);
  EXPECT_EQ(refusal("").code, ErrorCode::unsupported_media);
  EXPECT_EQ(refusal(" \n\n ").code, ErrorCode::unsupported_media);
  EXPECT_THAT(refusal("\x89PNG\r\n\x1A\n").message, HasSubstr("PNG"));
}

TEST(Text, KeepsRowsOfTablesTogether) {
  const Extracted table = extracted("a,b\n1,2\n\n3,4\n", "text/csv");
  EXPECT_THAT(outline(table), ElementsAre("T:a,b\n1,2\n3,4"));
}

TEST(Text, DropsWhatOnlyAModelWouldSee) {
  const std::string hidden =
      "pay\xE2\x80\x8B"
      "ment \xE2\x80\xAE"
      "due\xF3\xA0\x81\xA1\xF3\xA0\x81\xA2 now\x07";
  EXPECT_EQ(extracted(hidden + " then").text, "payment due now then");
}

TEST(Text, IsInNormalFormC) {
  EXPECT_EQ(extracted("cafe\xCC\x81").text, "café");
  EXPECT_EQ(clean("\xEF\xAC\x81nd \xE2\xBD\x82", Spaces::collapse), "find 文");
}

TEST(Text, LongTextIsRefusedAndNotCut) {
  std::string text;
  for (int i = 0; i < 70; ++i) text += std::string(std::size_t{1} << 20, 'x') + "\n\n";
  EXPECT_EQ(refusal(text).code, ErrorCode::too_large);
}

TEST(PlainHeading, IsToldByItsNumber) {
  EXPECT_EQ(plain_heading_level("第三章 总则"), 2);
  EXPECT_EQ(plain_heading_level("第十二节　验收"), 3);
  EXPECT_EQ(plain_heading_level("Chapter 4"), 1);
  EXPECT_EQ(plain_heading_level("Appendix B: Forms"), 1);
  EXPECT_EQ(plain_heading_level("2.1 Scope"), 2);
  EXPECT_EQ(plain_heading_level("第三条 买方付款。"), 0);
  EXPECT_EQ(plain_heading_level("2025 was a dry year"), 0);
  EXPECT_EQ(plain_heading_level("Part of the gate"), 0);
  EXPECT_EQ(plain_heading_level("1.5 million cubic metres"), 0);
}

TEST(Markdown, KeepsItsStructure) {
  const Extracted pumps = extracted_file("pumps.md", "text/markdown");
  EXPECT_EQ(pumps.title, "Pump Handbook");
  EXPECT_EQ(pumps.media_type, "text/markdown");
  EXPECT_THAT(
      outline(pumps),
      ElementsAre("H1:Pumps", "P:A pump moves water; see the manual and a picture.", "H2:Starting",
                  "L:1. Open the valve.", "L:2. Press start.", "L:wait ten seconds", "L:listen",
                  "Q:Never run it dry.", "T:Model | Flow\nP1 | 30\nP2 | 45", "C:start --slowly",
                  "P:泵房须每周检查一次。"));
}

TEST(Markdown, IsKnownWithoutItsName) {
  const std::string text = "# Title\n\nSome **bold** text.\n";
  EXPECT_EQ(extracted(text, "text/plain").media_type, "text/markdown");
  EXPECT_EQ(extracted("# a comment\nx = 1\n# another\ny = 2\n").media_type, "text/plain");
  EXPECT_EQ(extracted("<div>centred</div>\n\n# Title\n", "text/markdown").media_type,
            "text/markdown");
}

TEST(Markdown, SurvivesDeepNesting) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "> ";
  EXPECT_TRUE(extract(text + "deep", "text/markdown").has_value());
}

TEST(Html, ReadsWhatAReaderSees) {
  const Extracted weirs = extracted_file("weirs.html");
  EXPECT_EQ(weirs.media_type, "text/html");
  EXPECT_EQ(weirs.title, "Tide Gates & Weirs");
  EXPECT_THAT(
      outline(weirs),
      ElementsAre("H1:Weirs", "P:A weir keeps the water level steady.\nIt has no moving parts.",
                  "H2:Kinds", "L:1. broad-crested", "L:2. sharp-crested",
                  "T:Kind | Height\nbroad | 1.2 m", "H3:Notes", "P:Laid out by a table.",
                  "C:  q = c * b\n    * h ** 1.5", "Q:Water finds its way."));
}

TEST(Html, IsReadAsTheEncodingThatItNames) {
  const Extracted leave = extracted_file("leave.html");
  EXPECT_EQ(leave.title, "请假制度");
  EXPECT_THAT(leave.text, HasSubstr("“年假”按工龄计算。镕字不在旧字集中。"));
}

TEST(Html, IsKnownByContentAndNotByName) {
  EXPECT_EQ(extracted("<!-- x --><!DOCTYPE html><p>a</p>", "application/pdf").media_type,
            "text/html");
  EXPECT_EQ(extracted("a < b and <c> is no tag", "text/html").media_type, "text/plain");
}

TEST(Html, SurvivesDeepNesting) {
  std::string page = "<html>";
  for (int i = 0; i < 20'000; ++i) page += "<div>";
  EXPECT_EQ(extracted(page + "deep").text, "deep");
}

TEST(Html, LeavesOutScriptsOfAnyKind) {
  const Extracted page = extracted(
      "<html><body><p>a<script>evil()</script>b</p><noscript>c</noscript><template><p>d</p></"
      "template>"
      "<svg><text>e</text></svg></body></html>");
  EXPECT_EQ(page.text, "ab");
}

}  // namespace
}  // namespace wenyuan::ingest
