#include <gmock/gmock.h>

#include "documents.h"
#include "ingest/extract/pdf_structure.h"

namespace wenyuan::ingest {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Pdf, KeepsItsStructure) {
  const Extracted report = extracted_file("report.pdf");
  EXPECT_EQ(report.media_type, "application/pdf");
  EXPECT_EQ(report.title, "Tide Gates Report");
  EXPECT_EQ(report.page_count, 3);
  const auto lines = outline(report);
  EXPECT_THAT(lines, Contains("H1:Tide Gates of the Old Harbour"));
  EXPECT_THAT(lines, Contains("H2:1 Purpose"));
  EXPECT_THAT(lines,
              Contains("T:Year | Closures | Faults\n2023 | 19 | 1\n2024 | 23 | 0\n2025 | 28 | 2"));
  EXPECT_THAT(lines, Contains("P:A third gate is planned for 2028."));
}

TEST(Pdf, JoinsWordsThatALineEndParts) {
  EXPECT_THAT(extracted_file("report.pdf").text, HasSubstr("moved by two hydraulic cylinders"));
}

TEST(Pdf, ReadsOneColumnAfterTheOther) {
  const std::string text = extracted_file("report.pdf").text;
  const std::size_t left = text.find("half of its weight is replaced.");
  const std::size_t right = text.find("The right gate stands in deeper water");
  ASSERT_NE(left, std::string::npos);
  ASSERT_NE(right, std::string::npos);
  EXPECT_LT(left, right);
}

TEST(Pdf, LeavesOutRunningHeadsAndPageNumbers) {
  const std::string text = extracted_file("report.pdf").text;
  EXPECT_THAT(text, Not(HasSubstr("Harbour Authority")));
  EXPECT_THAT(text, Not(HasSubstr("Page ")));
}

TEST(Pdf, KnowsWhereEachWordStands) {
  const Extracted report = extracted_file("report.pdf");
  const std::size_t at = report.text.find("protect");
  const auto word = std::find_if(report.words.begin(), report.words.end(),
                                 [&](const WordBox& each) { return each.begin == at; });
  ASSERT_NE(word, report.words.end());
  EXPECT_EQ(report.text.substr(word->begin, word->end - word->begin), "protect");
  EXPECT_EQ(word->box.page, 1);
  // The line's baseline is at 695 of 842 points, so a little above 147 from the top.
  EXPECT_NEAR(word->box.y1, (842 - 695) / 842.0, 0.01);
  EXPECT_NEAR(word->box.y1 - word->box.y0, 11 / 842.0, 0.005);
  EXPECT_GT(word->box.x0, 72 / 595.0F);
  EXPECT_LT(word->box.x1, 0.4F);
}

TEST(Pdf, TurnsPages) {
  const Extracted page = extracted_file("rotated.pdf");
  EXPECT_EQ(page.text, "This page was scanned sideways. Its text still reads from left to right.");
  ASSERT_FALSE(page.words.empty());
  // As it is shown, the page is 842 wide and 595 high.
  EXPECT_NEAR(page.words.front().box.x0, 100 / 842.0, 0.01);
  EXPECT_NEAR(page.words.front().box.y1, 80 / 595.0, 0.02);
}

TEST(Pdf, SaysWhyItCannotBeRead) {
  EXPECT_THAT(refusal(document("encrypted.pdf")).message, HasSubstr("password"));
  const Error scanned = refusal(document("scanned.pdf"));
  EXPECT_EQ(scanned.code, ErrorCode::unsupported_media);
  EXPECT_THAT(scanned.message, HasSubstr("has no text layer; OCR is not available yet"));
  EXPECT_EQ(refusal("%PDF-1.7\nnothing else").code, ErrorCode::corrupt);
}

TEST(Pdf, SurvivesDamage) {
  const std::string whole = document("report.pdf");
  for (std::size_t at = 0; at < whole.size(); at += 97) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const auto result = extract(damaged, "");
    if (result) {
      EXPECT_TRUE(decode(encode(*result)).has_value()) << at;
    }
  }
}

TEST(Pdf, TakesNoTitleThatAProgramMadeUp) {
  EXPECT_TRUE(is_real_title("Tide Gates"));
  EXPECT_TRUE(is_real_title("水利年报"));
  EXPECT_FALSE(is_real_title("Microsoft Word - draft3.doc"));
  EXPECT_FALSE(is_real_title("untitled"));
  EXPECT_FALSE(is_real_title("12-34"));
}

}  // namespace
}  // namespace wenyuan::ingest
