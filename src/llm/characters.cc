#include "llm/characters.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kCharacterCount = 0x110000;

// What is asked of most characters, in one look: equal blocks of 256 characters are kept once.
class Properties {
 public:
  static constexpr std::uint8_t kKind = 0x0F, kHan = 0x10, kMayCompose = 0x20;

  Properties() {
    std::vector<std::uint8_t> all(kCharacterCount);
    for (const CharRange& range : char_ranges()) {
      for (char32_t c = range.first; c <= range.last; ++c) {
        all[c] = static_cast<std::uint8_t>(range.kind);
      }
    }
    for (const CodeRange& range : han_ranges()) {
      for (char32_t c = range.first; c <= range.last; ++c) all[c] |= kHan;
    }
    mark_what_composes(all);
    std::map<std::vector<std::uint8_t>, std::uint16_t> known;
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(block * 256);
      std::vector<std::uint8_t> bytes(begin, begin + 256);
      const auto next = static_cast<std::uint16_t>(known.size());
      const auto [at, is_new] = known.try_emplace(bytes, next);
      if (is_new) bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
      blocks_[block] = at->second;
    }
  }

  std::uint8_t of(char32_t c) const {
    return c < kCharacterCount ? bytes_[blocks_[c >> 8] * std::size_t{256} + (c & 0xFF)] : 0;
  }

 private:
  // Characters that normal form C may change, alone or by what stands before them.
  static void mark_what_composes(std::vector<std::uint8_t>& all) {
    for (const ClassRange& range : combining_classes()) {
      for (char32_t c = range.first; c <= range.last; ++c) all[c] |= kMayCompose;
    }
    for (const CharMapping& mapping : char_decompositions()) all[mapping.from] |= kMayCompose;
    for (const Composition& made : compositions()) {
      all[made.composed] &= static_cast<std::uint8_t>(~kMayCompose);
    }
    for (const Composition& made : compositions()) all[made.second] |= kMayCompose;
    for (char32_t c = 0x1161; c <= 0x11C2; ++c) all[c] |= kMayCompose;  // Hangul vowels and tails
  }

  std::array<std::uint16_t, kCharacterCount / 256> blocks_{};
  std::vector<std::uint8_t> bytes_;
};

std::uint8_t properties(char32_t c) {
  static const Properties all;
  return all.of(c);
}

// Unicode 16, section 3.12: a Hangul syllable is two or three letters.
void append_hangul(std::vector<char32_t>& folded, char32_t syllable) {
  constexpr char32_t kBase = 0xAC00, kVowels = 21, kTails = 28;
  const char32_t index = syllable - kBase;
  folded.push_back(0x1100 + index / (kVowels * kTails));
  folded.push_back(0x1161 + index / kTails % kVowels);
  if (index % kTails != 0) folded.push_back(0x11A7 + index % kTails);
}

bool is_hangul(char32_t c) { return c >= 0xAC00 && c <= 0xD7A3; }

void append_mapped(std::vector<char32_t>& to, std::span<const CharMapping> mappings, char32_t c) {
  const auto at = std::partition_point(mappings.begin(), mappings.end(),
                                       [c](const CharMapping& m) { return m.from < c; });
  if (at == mappings.end() || at->from != c) {
    to.push_back(c);
    return;
  }
  for (const char32_t code : at->to) {
    if (code != 0) to.push_back(code);
  }
}

template <class Range>
const Range* range_of(std::span<const Range> ranges, char32_t c) {
  const auto at = std::partition_point(ranges.begin(), ranges.end(),
                                       [c](const Range& range) { return range.last < c; });
  return at != ranges.end() && at->first <= c ? &*at : nullptr;
}

std::uint8_t combining_class(char32_t c) {
  const ClassRange* range = range_of(combining_classes(), c);
  return range == nullptr ? std::uint8_t{0} : range->combining_class;
}

// The one character that two of them make; 0 when they make none.
char32_t composed(char32_t first, char32_t second) {
  if (first >= 0x1100 && first <= 0x1112 && second >= 0x1161 && second <= 0x1175) {
    return 0xAC00 + ((first - 0x1100) * 21 + (second - 0x1161)) * 28;
  }
  if (is_hangul(first) && (first - 0xAC00) % 28 == 0 && second >= 0x11A8 && second <= 0x11C2) {
    return first + (second - 0x11A7);
  }
  const std::span<const Composition> all = compositions();
  const auto at = std::partition_point(all.begin(), all.end(), [&](const Composition& made) {
    return made.first != first ? made.first < first : made.second < second;
  });
  return at != all.end() && at->first == first && at->second == second ? at->composed : 0;
}

// Marks between two starters in the order of their classes.
void order_marks(std::vector<char32_t>& codes) {
  for (auto at = codes.begin(); at != codes.end();) {
    const auto end = std::find_if(at, codes.end(), [](char32_t c) { return !combining_class(c); });
    std::stable_sort(
        at, end, [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    at = end == codes.end() ? end : end + 1;
  }
}

// Unicode 16, section 3.11, D117: what is not blocked joins the last starter.
std::vector<char32_t> recomposed(const std::vector<char32_t>& codes) {
  std::vector<char32_t> result;
  std::size_t starter = 0;
  bool has_starter = false;
  int last_class = -1;  // of what stands behind the starter; -1: nothing does
  for (const char32_t c : codes) {
    const int own = combining_class(c);
    const bool reaches = has_starter && last_class < (own == 0 ? 0 : own);
    if (const char32_t made = reaches ? composed(result[starter], c) : 0; made != 0) {
      result[starter] = made;
      continue;
    }
    if (own == 0) {
      starter = result.size();
      has_starter = true;
      last_class = -1;
    } else {
      last_class = own;
    }
    result.push_back(c);
  }
  return result;
}

void append_nfc(std::string& text, std::vector<char32_t>& codes) {
  order_marks(codes);
  for (const char32_t c : recomposed(codes)) append_utf8(text, c);
  codes.clear();
}

}  // namespace

CharKind char_kind(char32_t c) { return static_cast<CharKind>(properties(c) & Properties::kKind); }

bool is_han(char32_t c) { return (properties(c) & Properties::kHan) != 0; }

Char first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, char_kind(lead), 0, 1};
  std::size_t end = 0;
  const char32_t code = next_code_point(text, end);
  if (is_utf8(text.substr(0, end))) return {code, char_kind(code), 0, end};
  return {kReplacement, char_kind(kReplacement), 0, 1};
}

std::vector<Char> characters(std::string_view text) {
  std::vector<Char> list;
  list.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    Char c = first_character(text.substr(at));
    c.begin = at;
    c.end += at;
    list.push_back(c);
    at = c.end;
  }
  return list;
}

void append_character(std::string& text, char32_t c) {
  const bool is_character = c < kCharacterCount && (c < 0xD800 || c > 0xDFFF);
  append_utf8(text, is_character ? c : kReplacement);
}

bool is_bert_dropped(char32_t c) {
  const BertRange* range = range_of(bert_ranges(), c);
  return range != nullptr && range->kind == BertKind::dropped;
}

bool is_bert_punctuation(char32_t c) {
  const BertRange* range = range_of(bert_ranges(), c);
  return range != nullptr && range->kind == BertKind::alone;
}

void append_folded(std::vector<char32_t>& folded, char32_t c) {
  if (c < 0x80) {
    folded.push_back(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  } else if (is_hangul(c)) {
    append_hangul(folded, c);
  } else {
    append_mapped(folded, char_folds(), c);
  }
}

bool is_surely_nfc(std::string_view text) {
  for (const Char& c : characters(text)) {
    if ((properties(c.code) & Properties::kMayCompose) != 0) return false;
  }
  return true;
}

std::string to_nfc(std::string_view text) {
  std::string result;
  std::vector<char32_t> codes;
  for (const Char& c : characters(text)) {
    const bool ill_formed = c.code == kReplacement && c.end - c.begin == 1;
    if (ill_formed) {
      append_nfc(result, codes);
      result += text[c.begin];
    } else if (is_hangul(c.code)) {
      append_hangul(codes, c.code);
    } else {
      append_mapped(codes, char_decompositions(), c.code);
    }
  }
  append_nfc(result, codes);
  return result;
}

}  // namespace wenyuan::llm
