#include "ingest/extracted.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace wenyuan::ingest {
namespace {

Extracted sample() {
  Extracted extracted;
  extracted.media_type = "application/pdf";
  extracted.title = "水泵";
  extracted.text = "水泵\n\nA pump.";
  extracted.page_count = 2;
  extracted.blocks = {{BlockKind::heading, 1, 0, 6, 1}, {BlockKind::paragraph, 0, 8, 15, 2}};
  extracted.words = {{0, 3, {1, 0, 0, 0.5F, 0.1F}}, {8, 9, {2, 0.1F, 0.1F, 0.2F, 0.2F}}};
  return extracted;
}

bool is_refused(const Extracted& extracted) { return !decode(encode(extracted)).has_value(); }

TEST(Extracted, SurvivesThePipe) {
  const auto again = decode(encode(sample()));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->text, sample().text);
  EXPECT_EQ(again->title, "水泵");
  ASSERT_EQ(again->blocks.size(), 2U);
  EXPECT_EQ(again->blocks[1].page, 2);
  ASSERT_EQ(again->words.size(), 2U);
  EXPECT_EQ(again->words[1].box.x1, 0.2F);
}

TEST(Extracted, RefusesEveryTruncation) {
  const std::string whole = encode_outcome(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_outcome(std::string_view(whole).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_outcome(whole + "x").has_value());
  EXPECT_TRUE(decode_outcome(whole).has_value());
}

TEST(Extracted, NeverTrustsAChangedByte) {
  const std::string whole = encode_outcome(sample());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {1, 0x80, 0xFF}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ change);
      const auto read = decode_outcome(changed);
      if (!read) continue;
      for (const Block& block : read->blocks) ASSERT_LE(block.end, read->text.size());
      for (const WordBox& word : read->words) ASSERT_LE(word.end, read->text.size());
      layout_of(*read);
    }
  }
}

TEST(Extracted, RefusesOffsetsThatDoNotFit) {
  for (const auto& spoil : std::initializer_list<void (*)(Extracted&)>{
           [](Extracted& e) { e.blocks[1].end = 100; },
           [](Extracted& e) { e.blocks[1].begin = 3; },  // overlaps the one before
           [](Extracted& e) { e.blocks[0].end = 4; },    // inside of a character
           [](Extracted& e) { e.blocks[0].page = 3; }, [](Extracted& e) { e.words[0].end = 2; },
           [](Extracted& e) { e.words[1].begin = e.words[1].end; },
           [](Extracted& e) { e.words[0].box.x1 = 1.5F; },
           [](Extracted& e) { e.words[0].box.y0 = std::numeric_limits<float>::quiet_NaN(); },
           [](Extracted& e) { e.words[0].box.page = 0; }, [](Extracted& e) { e.text[1] = '\x01'; },
           [](Extracted& e) { e.title = "a\nb"; }, [](Extracted& e) { e.media_type = "Text/<x>"; },
           [](Extracted& e) { e.page_count = -1; },
           [](Extracted& e) { e.page_count = kPageCountMax + 1; }}) {
    Extracted extracted = sample();
    spoil(extracted);
    EXPECT_TRUE(is_refused(extracted));
  }
}

TEST(Extracted, PassesOnOnlyErrorsThatAFileCanCause) {
  const auto passed = decode_outcome(encode_outcome(Error{ErrorCode::too_large, "many\npages"}));
  ASSERT_FALSE(passed.has_value());
  EXPECT_EQ(passed.error().code, ErrorCode::too_large);
  EXPECT_EQ(passed.error().message, "many pages");
  const auto other = decode_outcome(encode_outcome(Error{ErrorCode::forbidden, "x"}));
  EXPECT_EQ(other.error().code, ErrorCode::corrupt);
  const auto huge =
      decode_outcome(encode_outcome(Error{ErrorCode::corrupt, std::string(10'000, 'x')}));
  EXPECT_LE(huge.error().message.size(), 300U);
}

TEST(Extracted, LayoutCountsInCodePoints) {
  const auto layout = layout_of(sample());
  ASSERT_EQ(layout.size(), 2U);
  EXPECT_EQ(layout[0].char_end, 1);
  EXPECT_EQ(layout[1].char_start, 4);
  EXPECT_EQ(layout[1].char_end, 5);
}

}  // namespace
}  // namespace wenyuan::ingest
