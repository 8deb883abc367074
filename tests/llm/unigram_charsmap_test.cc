#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/tokenizer.h"
#include "llm/unigram_tokenizer_charsmap.h"
#include "tests/llm/small_charsmap.h"
#include "tests/llm/small_vocabularies.h"

namespace wenyuan::llm {
namespace {

using testing::ElementsAre;

const std::vector<std::pair<std::string, std::string>> kRules = {
    {"\t", " "},    {"\u00A0", " "},  {"ﬁ", "fi"},       {"ａ", "a"},
    {"\u00AD", ""}, {"e\u0301", "é"}, {"e\u0301x", "q"}, {"\u3000", " "}};

std::string replaced(const UnigramCharsmap& map, std::string_view text) {
  const auto match = map.match(text);
  return match ? std::to_string(match->size) + ":" + std::string(match->replacement) : "none";
}

TEST(UnigramCharsmap, GivesTheLongestRule) {
  const auto map = UnigramCharsmap::read(small_charsmap(kRules));
  ASSERT_TRUE(map) << map.error().message;
  EXPECT_EQ(replaced(*map, "ﬁx"), "3:fi");
  EXPECT_EQ(replaced(*map, "e\u0301y"), "3:é");
  EXPECT_EQ(replaced(*map, "e\u0301x"), "4:q");
  EXPECT_EQ(replaced(*map, "e"), "none");
  EXPECT_EQ(replaced(*map, "\u00AD"), "2:");
  EXPECT_EQ(replaced(*map, ""), "none");
  EXPECT_EQ(replaced(*map, std::string(3, '\0')), "none");
}

TEST(UnigramCharsmap, IsRefusedWhenItsLengthsDoNotFit) {
  const std::string good = small_charsmap(kRules);
  for (const std::string& bytes :
       {std::string(), std::string("abc"), std::string("\xFF\xFF\xFF\xFF", 4),
        std::string("\x05\0\0\0abcdefgh", 12), good.substr(0, good.size() / 2)}) {
    const auto map = UnigramCharsmap::read(bytes);
    ASSERT_FALSE(map);
    EXPECT_EQ(map.error().code, ErrorCode::corrupt);
  }
}

TEST(UnigramCharsmap, DoesNoHarmWhateverItsUnitsSay) {
  // Every unit in turn points far away, and the replacements are gone.
  const std::string good = small_charsmap(kRules);
  const std::size_t size = good.size();
  for (std::size_t at = 4; at < size; at += 97) {
    std::string bad = good.substr(0, size - (at % 20));
    bad.replace(at % bad.size() / 4 * 4, 4, "\xFF\xFF\xFF\x7F");
    const auto map = UnigramCharsmap::read(bad);
    if (!map) continue;
    for (const auto& [from, to] : kRules) {
      const auto match = map->match(from);
      EXPECT_TRUE(!match || match->size <= from.size());
    }
  }
  EXPECT_TRUE(UnigramCharsmap::read(std::string(4, '\0')));
}

// The small unigram vocabulary with compiled rules.
std::unique_ptr<Tokenizer> tokenizer(bool merges_spaces) {
  GgufWriter writer;
  writer.set("tokenizer.ggml.model", std::string("t5"));
  set_tokens(writer, {{"<s>", 0, 3},
                      {"</s>", 0, 3},
                      {"<unk>", 0, 2},
                      {"▁", -3},
                      {"a", -4},
                      {"f", -4},
                      {"i", -4},
                      {"é", -4}});
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{2});
  writer.set("tokenizer.ggml.add_space_prefix", true);
  writer.set("tokenizer.ggml.remove_extra_whitespaces", merges_spaces);
  const std::string map = small_charsmap(kRules);
  writer.set("tokenizer.ggml.precompiled_charsmap",
             std::vector<std::uint8_t>(map.begin(), map.end()));
  auto made = Tokenizer::create(opened(writer));
  EXPECT_TRUE(made) << made.error().message;
  return made ? *std::move(made) : nullptr;
}

std::vector<TokenId> ids(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_special = false, .parse_special = false});
}

TEST(UnigramTokenizerWithCompiledRules, NormalisesAsSentencepieceDoes) {
  const auto merging = tokenizer(true);
  EXPECT_THAT(ids(*merging, "ﬁａ"), ElementsAre(3, 5, 6, 4));
  EXPECT_THAT(ids(*merging, "  a\t\u3000 e\u0301 \u00A0"), ElementsAre(3, 4, 3, 7));
  EXPECT_THAT(ids(*merging, ""), ElementsAre());
  EXPECT_THAT(ids(*merging, " \t\u00AD "), ElementsAre());
  EXPECT_THAT(ids(*tokenizer(false), " a  "), ElementsAre(3, 3, 4, 3, 3));
}

}  // namespace
}  // namespace wenyuan::llm
