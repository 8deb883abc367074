#include "llm/characters.h"

#include <gtest/gtest.h>

#include <utility>

namespace wenyuan::llm {
namespace {

std::u32string folded(std::u32string_view text) {
  std::vector<char32_t> codes;
  for (const char32_t c : text) append_folded(codes, c);
  return {codes.begin(), codes.end()};
}

TEST(Characters, HaveTheirKind) {
  for (const char32_t c : std::u32string_view(U"aÅжא中あ한ªǅ𝕎")) {
    EXPECT_TRUE(is_letter(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : std::u32string_view(U"0٣½Ⅻ²〇①")) {
    EXPECT_TRUE(is_number(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : std::u32string_view(U"\t\n\v\f\r \u0085\u00A0\u1680\u2000\u200A\u2028"
                                              U"\u2029\u202F\u205F\u3000")) {
    EXPECT_TRUE(is_space(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : std::u32string_view(U"!_«。、「…‰")) {
    EXPECT_EQ(char_kind(c), CharKind::punctuation) << static_cast<unsigned>(c);
  }
  for (const char32_t c : std::u32string_view(U"$+<^`|~€→😀")) {
    EXPECT_EQ(char_kind(c), CharKind::symbol) << static_cast<unsigned>(c);
  }
  EXPECT_EQ(char_kind(0x301), CharKind::mark);
  EXPECT_EQ(char_kind(7), CharKind::control);
  EXPECT_EQ(char_kind(0x200B), CharKind::control);
  EXPECT_FALSE(is_space(0x200B));
}

TEST(Characters, HaveAKindAtEveryNumber) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    EXPECT_FALSE(is_space(c) && (is_letter(c) || is_number(c)));
  }
  EXPECT_FALSE(is_letter(0x10FFFF));
  EXPECT_FALSE(is_letter(0xFFFFFFFF));
}

TEST(Characters, AreFoldedToLowerCaseWithoutAccents) {
  EXPECT_EQ(folded(U"ÀÉîõÜçÑ"), U"aeioucn");
  EXPECT_EQ(folded(U"ЙЁΆ"), U"иеα");
  EXPECT_EQ(folded(U"Ệ"), U"e");
  EXPECT_EQ(folded(U"ABCxyz123中"), U"abcxyz123中");
  EXPECT_EQ(folded(U"\u0301"), U"");
  EXPECT_EQ(folded(U"ß"), U"ß");
}

TEST(Characters, OfHangulAreTakenApart) {
  EXPECT_EQ(folded(U"한"), U"\u1112\u1161\u11AB");
  EXPECT_EQ(folded(U"가"), U"\u1100\u1161");
  EXPECT_EQ(folded(U"힣"), U"\u1112\u1175\u11C2");
}

TEST(Characters, KnowTheirPlace) {
  const std::vector<Char> list = characters("aé中😀");
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[2].code, U'中');
  EXPECT_EQ(list[2].begin, 3U);
  EXPECT_EQ(list[2].end, 6U);
  EXPECT_EQ(list[3].end, 10U);
}

TEST(Characters, ThatAreIllFormedAreReplacedByteByByte) {
  const std::vector<Char> list = characters("a\xFF\xE4\xB8z");
  ASSERT_EQ(list.size(), 5U);
  EXPECT_EQ(list[0].code, U'a');
  EXPECT_EQ(list[4].code, U'z');
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(list[i].code, char32_t{0xFFFD});
    EXPECT_EQ(list[i].begin, i);
    EXPECT_EQ(list[i].end, i + 1);
  }
}

TEST(Characters, AreBroughtToNormalFormC) {
  const std::pair<const char*, const char*> forms[] = {
      {"e\u0301", "é"},
      {"a\u0323\u0302", "ậ"},  // in the order of their classes
      {"a\u0302\u0323", "ậ"},
      {"\u1112\u1161\u11AB", "한"},
      {"\u212B\u2126", "ÅΩ"},      // singletons
      {"\u0958", "\u0915\u093C"},  // excluded from composition
      {"x\u0301\u0327", "x\u0327\u0301"},
      {"\u0301a", "\u0301a"},
      {"plain 中文", "plain 中文"},
  };
  for (const auto& [from, to] : forms) {
    EXPECT_EQ(to_nfc(from), to) << from;
    EXPECT_EQ(to_nfc(to), to) << to;
  }
  EXPECT_EQ(to_nfc("\xFF"
                   "e\u0301\xC3"),
            "\xFF"
            "é\xC3");
}

TEST(Characters, AreSurelyInNormalFormCWhenNothingInThemMayChange) {
  EXPECT_TRUE(is_surely_nfc("plain, é, 中文, 한국어, 😀\n"));
  EXPECT_FALSE(is_surely_nfc("e\u0301"));
  EXPECT_FALSE(is_surely_nfc("\u2126"));
  EXPECT_FALSE(is_surely_nfc("\u1112\u1161"));
}

TEST(Characters, OfTheScriptHanAreKnown) {
  for (const char32_t c : std::u32string_view(U"一龥々〇⺀𠀀")) EXPECT_TRUE(is_han(c));
  for (const char32_t c : std::u32string_view(U"aあ한ー，")) EXPECT_FALSE(is_han(c));
}

}  // namespace
}  // namespace wenyuan::llm
