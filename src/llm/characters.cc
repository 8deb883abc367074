#include "llm/characters.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

CharKind looked_up(char32_t c) {
  const std::span<const CharRange> ranges = char_ranges();
  const auto at = std::partition_point(ranges.begin(), ranges.end(),
                                       [c](const CharRange& range) { return range.last < c; });
  return at != ranges.end() && at->first <= c ? at->kind : CharKind::other;
}

// The first block of characters, which most texts are made of, without a search.
const std::array<CharKind, 0x250>& first_kinds() {
  static const std::array<CharKind, 0x250> kinds = [] {
    std::array<CharKind, 0x250> table{};
    for (char32_t c = 0; c < table.size(); ++c) table[c] = looked_up(c);
    return table;
  }();
  return kinds;
}

// Unicode 15, section 3.12: a Hangul syllable is two or three letters.
void append_hangul(std::vector<char32_t>& folded, char32_t syllable) {
  constexpr char32_t kBase = 0xAC00, kVowels = 21, kTails = 28;
  const char32_t index = syllable - kBase;
  folded.push_back(0x1100 + index / (kVowels * kTails));
  folded.push_back(0x1161 + index / kTails % kVowels);
  if (index % kTails != 0) folded.push_back(0x11A7 + index % kTails);
}

}  // namespace

CharKind char_kind(char32_t c) {
  const auto& first = first_kinds();
  if (c < first.size()) return first[c];
  if (c >= 0x4E00 && c <= 0x9FFC) return CharKind::letter;
  return looked_up(c);
}

std::vector<Char> characters(std::string_view text) {
  std::vector<Char> list;
  list.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    char32_t code = next_code_point(text, end);
    if (!is_utf8(text.substr(at, end - at))) {
      code = kReplacement;
      end = at + 1;
    }
    list.push_back({code, at, end});
    at = end;
  }
  return list;
}

void append_folded(std::vector<char32_t>& folded, char32_t c) {
  if (c < 0x80) {
    folded.push_back(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return;
  }
  if (c >= 0xAC00 && c <= 0xD7A3) {
    append_hangul(folded, c);
    return;
  }
  const std::span<const CharFold> folds = char_folds();
  const auto at = std::partition_point(folds.begin(), folds.end(),
                                       [c](const CharFold& fold) { return fold.from < c; });
  if (at == folds.end() || at->from != c) {
    folded.push_back(c);
    return;
  }
  for (const char32_t to : at->to) {
    if (to != 0) folded.push_back(to);
  }
}

}  // namespace wenyuan::llm
