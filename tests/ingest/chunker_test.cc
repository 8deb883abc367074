#include "ingest/chunker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/text.h"

namespace wenyuan::ingest {
namespace {

using ::testing::ElementsAre;

Result<std::vector<std::int64_t>> count(std::span<const std::string> texts) {
  std::vector<std::int64_t> counts;
  for (const std::string& text : texts) counts.push_back(estimated_tokens(text));
  return counts;
}

class Maker {
 public:
  Maker& add(BlockKind kind, const std::string& text, int level = 0) {
    if (!extracted.text.empty()) extracted.text += "\n\n";
    const std::size_t begin = extracted.text.size();
    extracted.text += text;
    extracted.blocks.push_back({kind, level, begin, extracted.text.size(), 0});
    return *this;
  }
  Maker& heading(const std::string& text, int level) {
    return add(BlockKind::heading, text, level);
  }
  Maker& paragraph(const std::string& text) { return add(BlockKind::paragraph, text); }
  Extracted extracted;
};

std::vector<Chunk> cut(const Extracted& extracted, const ChunkOptions& options = {}) {
  auto result = chunks(extracted, options, count);
  EXPECT_TRUE(result.has_value());
  return result ? *std::move(result) : std::vector<Chunk>();
}

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

// What every caller relies on.
void expect_sound(const Extracted& extracted, const std::vector<Chunk>& all,
                  const ChunkOptions& options) {
  std::int64_t end = 0;
  std::size_t byte = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Location& location = all[i].location;
    ASSERT_EQ(all[i].ordinal, static_cast<std::int64_t>(i));
    ASSERT_GE(location.char_start, end);
    ASSERT_GT(location.char_end, location.char_start);
    const std::size_t begin =
        byte_offset(extracted.text, static_cast<std::size_t>(location.char_start));
    const std::size_t stop =
        byte_offset(extracted.text, static_cast<std::size_t>(location.char_end));
    ASSERT_EQ(extracted.text.substr(begin, stop - begin), all[i].text);
    // Nothing but white space is left out.
    ASSERT_TRUE(trim(std::string_view(extracted.text).substr(byte, begin - byte)).empty());
    ASSERT_LE(estimated_tokens(all[i].text), options.tokens_max);
    byte = stop;
    end = location.char_end;
  }
  ASSERT_TRUE(trim(std::string_view(extracted.text).substr(byte)).empty());
}

TEST(Chunker, KeepsASmallDocumentWhole) {
  const Extracted extracted = Maker().heading("Pumps", 1).paragraph("They move water.").extracted;
  const auto all = cut(extracted);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].text, "Pumps\n\nThey move water.");
  EXPECT_THAT(all[0].location.heading_path, ElementsAre("Pumps"));
}

TEST(Chunker, GivesEachLargeSectionItsOwnHeadingPath) {
  const std::string body = repeated("The gate closes when the water rises above the mark. ", 15);
  const Extracted extracted = Maker()
                                  .heading("Gates", 1)
                                  .heading("Closing", 2)
                                  .paragraph(body)
                                  .heading("Opening", 2)
                                  .paragraph(body)
                                  .extracted;
  const auto all = cut(extracted);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0].location.heading_path, ElementsAre("Gates", "Closing"));
  EXPECT_THAT(all[1].location.heading_path, ElementsAre("Gates", "Opening"));
  EXPECT_TRUE(all[1].text.starts_with("Opening\n\nThe gate"));
}

TEST(Chunker, JoinsTinySectionsOfOneParent) {
  const Extracted extracted = Maker()
                                  .heading("Terms", 1)
                                  .heading("Anode", 2)
                                  .paragraph("A metal that corrodes first.")
                                  .heading("Berm", 2)
                                  .paragraph("A level strip on a dike.")
                                  .heading("Law", 1)
                                  .paragraph(repeated("The owner of the dike pays for it. ", 40))
                                  .extracted;
  const auto all = cut(extracted);
  ASSERT_GE(all.size(), 2U);
  EXPECT_THAT(all[0].location.heading_path, ElementsAre("Terms"));
  EXPECT_TRUE(all[0].text.ends_with("dike."));
  EXPECT_THAT(all[1].location.heading_path, ElementsAre("Law"));
}

TEST(Chunker, KnowsTheHeadingsOfEverySectionInAChunk) {
  const Extracted extracted = Maker()
                                  .heading("Begriffe (Maße)", 1)
                                  .heading("Anode", 2)
                                  .paragraph("A metal that corrodes first.")
                                  .heading("Berm", 2)
                                  .paragraph("A level strip on a dike.")
                                  .extracted;
  const auto all = cut(extracted);
  ASSERT_EQ(all.size(), 1U);
  const Chunk& chunk = all[0];
  EXPECT_THAT(chunk.location.heading_path, ElementsAre("Begriffe (Maße)"));
  ASSERT_EQ(chunk.sections.size(), 3U);
  const auto path_at = [&](std::string_view words) {
    const std::size_t byte = chunk.text.find(words);
    return heading_path_at(
        chunk,
        static_cast<std::int64_t>(code_point_count(std::string_view(chunk.text).substr(0, byte))));
  };
  EXPECT_THAT(path_at("Begriffe"), ElementsAre("Begriffe (Maße)"));
  EXPECT_THAT(path_at("Anode"), ElementsAre("Begriffe (Maße)", "Anode"));
  EXPECT_THAT(path_at("first."), ElementsAre("Begriffe (Maße)", "Anode"));
  EXPECT_THAT(path_at("Berm"), ElementsAre("Begriffe (Maße)", "Berm"));
  EXPECT_THAT(path_at("dike."), ElementsAre("Begriffe (Maße)", "Berm"));
}

TEST(Chunker, GivesNoSectionsToAChunkThatIsOne) {
  const Extracted extracted = Maker().heading("Pumps", 1).paragraph("They move water.").extracted;
  EXPECT_THAT(cut(extracted)[0].sections, ::testing::IsEmpty());
}

TEST(Chunker, CutsAtTheEndsOfSentences) {
  ChunkOptions options;
  options.tokens_target = 30;
  options.tokens_max = 40;
  const Extracted extracted =
      Maker().paragraph(repeated("Dr. Li paid 3.50 for the seals of the pump. ", 12)).extracted;
  const auto all = cut(extracted, options);
  EXPECT_GT(all.size(), 3U);
  for (const Chunk& chunk : all) EXPECT_TRUE(chunk.text.ends_with("pump.")) << chunk.text;
  expect_sound(extracted, all, options);
}

TEST(Chunker, CutsChineseAtTheEndsOfSentences) {
  ChunkOptions options;
  options.tokens_target = 40;
  options.tokens_max = 50;
  const Extracted extracted =
      Maker().paragraph(repeated("买方应在收到发票后三十日内付款。", 12)).extracted;
  const auto all = cut(extracted, options);
  EXPECT_GT(all.size(), 3U);
  for (const Chunk& chunk : all) EXPECT_TRUE(chunk.text.ends_with("。")) << chunk.text;
  expect_sound(extracted, all, options);
}

TEST(Chunker, CutsASentenceThatIsTooLongAtAClause) {
  ChunkOptions options;
  options.tokens_target = 40;
  options.tokens_max = 50;
  const Extracted extracted =
      Maker().paragraph(repeated("泵房的值班人员须检查水位，", 20)).extracted;
  const auto all = cut(extracted, options);
  ASSERT_GT(all.size(), 3U);
  EXPECT_TRUE(all[0].text.ends_with("，"));
  expect_sound(extracted, all, options);
}

TEST(Chunker, CutsTablesBetweenRows) {
  ChunkOptions options;
  options.tokens_target = 40;
  options.tokens_max = 50;
  const Extracted extracted =
      Maker().add(BlockKind::table, std::string(trim(repeated("valve | 16 | 85\n", 40)))).extracted;
  for (const Chunk& chunk : cut(extracted, options)) {
    EXPECT_TRUE(chunk.text.starts_with("valve | 16"));
    EXPECT_TRUE(chunk.text.ends_with("| 85"));
  }
}

TEST(Chunker, NeverLeavesAHeadingBehind) {
  ChunkOptions options;
  options.tokens_target = 60;
  options.tokens_max = 80;
  Maker maker;
  for (int i = 0; i < 20; ++i) {
    maker.heading("Part " + std::to_string(i), 1);
    maker.paragraph(repeated("The silt in the guide rails is removed. ", i % 7 + 1));
  }
  for (const Chunk& chunk : cut(maker.extracted, options)) {
    const std::size_t last_line = chunk.text.rfind('\n') + 1;
    EXPECT_FALSE(std::string_view(chunk.text).substr(last_line).starts_with("Part ")) << chunk.text;
  }
}

TEST(Chunker, KnowsThePagesAndBoxesOfAChunk) {
  Maker maker;
  maker.paragraph("left right below");
  maker.extracted.page_count = 2;
  maker.extracted.blocks[0].page = 1;
  maker.extracted.words = {{0, 4, {1, 0.1F, 0.1F, 0.2F, 0.12F}},
                           {5, 10, {1, 0.3F, 0.1F, 0.4F, 0.12F}},
                           {11, 16, {2, 0.1F, 0.5F, 0.2F, 0.52F}}};
  const auto all = cut(maker.extracted);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].location.page, 1);
  ASSERT_EQ(all[0].location.boxes.size(), 2U);  // a line on each page
  EXPECT_EQ(all[0].location.boxes[0].x1, 0.4F);
  EXPECT_EQ(all[0].location.boxes[1].page, 2);
}

TEST(Chunker, IsSoundOnRandomDocuments) {
  std::mt19937 random(20261122);
  const std::vector<std::string> parts = {"water ", "泵",   "。", ". ",   "rises, ", "水位，", "\n",
                                          "e.g. ",  "3.2 ", "！", "(x) ", "无",      "a",      "…"};
  for (int round = 0; round < 300; ++round) {
    Maker maker;
    const auto pick = [&](std::size_t below) { return random() % below; };
    for (std::size_t block = 0, count_of_blocks = 1 + pick(12); block < count_of_blocks; ++block) {
      std::string text = "x";
      for (std::size_t i = 0, size = pick(250); i < size; ++i) text += parts[pick(parts.size())];
      text = trim(text);
      const auto kind = static_cast<BlockKind>(pick(6));
      maker.add(kind, text, kind == BlockKind::heading ? static_cast<int>(1 + pick(4)) : 0);
    }
    ChunkOptions options;
    options.tokens_target = static_cast<std::int64_t>(5 + pick(100));
    options.tokens_max = options.tokens_target + static_cast<std::int64_t>(pick(50));
    expect_sound(maker.extracted, cut(maker.extracted, options), options);
  }
}

TEST(Chunker, PassesOnTheErrorOfTheModel) {
  const auto result =
      chunks(Maker().paragraph("x").extracted, {}, [](std::span<const std::string>) {
        return Result<std::vector<std::int64_t>>(ErrorCode::unavailable, "restarting");
      });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
}

TEST(Chunker, EmbedsAChunkWithWhereItStands) {
  Chunk chunk;
  chunk.text = "It closes.";
  chunk.location.heading_path = {"Gates", "Closing"};
  EXPECT_EQ(embedding_text("Handbook", chunk), "Handbook\nGates > Closing\nIt closes.");
  chunk.location.heading_path.clear();
  EXPECT_EQ(embedding_text("", chunk), "It closes.");
}

}  // namespace
}  // namespace wenyuan::ingest
