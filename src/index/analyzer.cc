#include "index/analyzer.h"

#include <unicode/uchar.h>

#include <optional>
#include <span>

#include "base/assert.h"
#include "base/text.h"
#include "index/normalized_text.h"
#include "index/stop_words.h"

namespace wenyuan::index {
namespace {

using Characters = std::span<const NormalizedCharacter>;

bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

bool is_word(char32_t c) {
  if (c < 0x80) {
    return (c >= U'a' && c <= U'z') || is_digit(c) || c == U'_' || (c >= U'A' && c <= U'Z');
  }
  constexpr std::uint32_t kWordMask = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK | U_GC_PC_MASK;
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & kWordMask) != 0;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return c >= U'a' && c <= U'z';
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0;
}

bool is_cjk_word(char32_t c) { return c >= 0x1100 && is_cjk(c) && is_word(c); }
bool is_spaced_word(char32_t c) { return is_word(c) && !is_cjk_word(c); }

// Reads one word; what it leaves in `text` may differ from the characters that it went over.
class WordReader {
 public:
  WordReader(Characters characters, std::size_t at) : characters_(characters), at_(at) {}

  // Behind the word.
  std::size_t read(std::string& text) {
    text.clear();
    if (read_initials(text)) return at_;
    for (;;) {
      while (is_spaced_word(here())) append_utf8(text, characters_[at_++].code_point);
      if (!read_infix(text)) break;
    }
    read_suffix(text);
    return at_;
  }

 private:
  char32_t ahead(std::size_t by) const {
    return at_ + by < characters_.size() ? characters_[at_ + by].code_point : 0;
  }
  char32_t here() const { return ahead(0); }

  // "u.s." and "U.S.A" are "us" and "usa".
  bool read_initials(std::string& text) {
    std::size_t count = 0;
    while (is_letter(ahead(2 * count)) && !is_cjk_word(ahead(2 * count)) &&
           ahead(2 * count + 1) == U'.') {
      ++count;
    }
    if (count == 0) return false;
    std::size_t size = 2 * count;
    const bool last_without_point =
        is_letter(ahead(size)) && !is_cjk_word(ahead(size)) && !is_word(ahead(size + 1));
    if (last_without_point) {
      ++count;
      ++size;
    } else if (is_spaced_word(ahead(size))) {
      return false;  // "a.out"
    }
    if (count < 2) return false;
    for (std::size_t i = 0; i < count; ++i) append_utf8(text, ahead(2 * i));
    at_ += size;
    return true;
  }

  bool read_infix(std::string& text) {
    if (at_ == 0 || !is_spaced_word(characters_[at_ - 1].code_point)) return false;
    const char32_t before = characters_[at_ - 1].code_point;
    const char32_t after = ahead(1);
    if (!is_spaced_word(after)) return false;
    switch (here()) {
      case U'\'':
      case U'\u2019':
      case U'\u201B':
      case U'\uFF07': text += '\''; break;
      case U'&':
      case U'\u00B7':
      case U'\u2027': append_utf8(text, here()); break;
      case U'.':
        if (!is_digit(before) || !is_digit(after)) return false;
        text += '.';
        break;
      case U',':  // of thousands
        if (!is_digit(before) || !is_digit(after) || !is_digit(ahead(2)) || !is_digit(ahead(3)) ||
            is_digit(ahead(4))) {
          return false;
        }
        break;
      default: return false;
    }
    ++at_;
    return true;
  }

  // "c++", "c#"
  void read_suffix(std::string& text) {
    std::size_t size = 0;
    while (size < 3 && (ahead(size) == U'+' || ahead(size) == U'#')) ++size;
    if (size == 0 || is_word(ahead(size)) || ahead(size) == U'+' || ahead(size) == U'#') return;
    for (std::size_t i = 0; i < size; ++i) append_utf8(text, ahead(i));
    at_ += size;
  }

  Characters characters_;
  std::size_t at_;
};

std::string utf8(char32_t code_point) {
  std::string text;
  append_utf8(text, code_point);
  return text;
}

void cut(std::string& text) {
  if (text.size() <= kTermSizeMax) return;
  std::size_t size = kTermSizeMax;
  while ((static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  text.resize(size);
}

}  // namespace

std::vector<Term> Analyzer::terms(std::string_view text) const {
  const std::vector<NormalizedCharacter> characters = normalize(text);
  std::vector<Term> out;
  out.reserve(characters.size() / 4);
  std::uint32_t position = 0;
  std::string word;
  for (std::size_t at = 0; at < characters.size();) {
    const NormalizedCharacter& first = characters[at];
    if (is_cjk_word(first.code_point)) {
      out.push_back(
          {TermKind::character, false, position, first.start, first.end, utf8(first.code_point)});
      if (++at < characters.size() && is_cjk_word(characters[at].code_point)) {
        out.push_back({TermKind::pair, false, position, first.start, characters[at].end,
                       utf8(first.code_point) + utf8(characters[at].code_point)});
      }
      ++position;
    } else if (is_word(first.code_point)) {
      at = WordReader(characters, at).read(word);
      cut(word);
      out.push_back({TermKind::word, is_stop_word(word), position++, first.start,
                     characters[at - 1].end, is_digit(first.code_point) ? word : stem_(word)});
      // Xapian takes an empty term for "everything".
      WY_ASSERT(!out.back().text.empty());
    } else {
      ++at;
    }
  }
  return out;
}

}  // namespace wenyuan::index
