#include "base/sentences.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wenyuan {
namespace {

// A full stop after one of these does not end a sentence.
constexpr std::array<std::string_view, 44> kAbbreviations = {
    "mr",  "mrs", "ms",  "dr",   "prof", "sr",   "jr",     "st",  "sec", "fig",  "figs",
    "no",  "nos", "vol", "vols", "pp",   "ch",   "eq",     "eqs", "ref", "refs", "art",
    "vs",  "etc", "e.g", "i.e",  "cf",   "al",   "approx", "inc", "ltd", "co",   "corp",
    "jan", "feb", "mar", "apr",  "aug",  "sept", "oct",    "nov", "dec", "gen",  "col"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_space(char32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xA0 || c == 0x3000;
}

bool ends_cjk_sentence(char32_t c) {
  return c == U'。' || c == U'！' || c == U'？' || c == U'；' || c == U'…';
}

bool is_closing(char32_t c) {
  return c == '"' || c == '\'' || c == ')' || c == ']' || c == U'”' || c == U'’' || c == U'」' ||
         c == U'』' || c == U'）' || c == U'】' || c == U'》';
}

// The word before the full stop at `dot`, without dots at its own end.
std::string_view word_before(std::string_view text, std::size_t dot) {
  std::size_t begin = dot;
  while (begin > 0 && (is_letter(text[begin - 1]) || text[begin - 1] == '.')) --begin;
  return text.substr(begin, dot - begin);
}

bool is_abbreviation(std::string_view text, std::size_t dot) {
  const std::string_view word = word_before(text, dot);
  if (word.size() == 1 && is_upper(word[0])) return true;                    // an initial
  if (word.size() >= 3 && word[1] == '.' && is_upper(word[0])) return true;  // U.S.
  const std::string lower = to_lower_ascii(word);
  return std::find(kAbbreviations.begin(), kAbbreviations.end(), lower) != kAbbreviations.end();
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<std::pair<std::size_t, std::size_t>> split() {
    while (at_ < text_.size()) {
      const std::size_t begin = at_;
      const char32_t c = next_code_point(text_, at_);
      if (ends_cjk_sentence(c)) {
        skip_while([](char32_t d) { return ends_cjk_sentence(d) || is_closing(d); });
        finish();
      } else if (c == '.' || c == '!' || c == '?') {
        western(begin, c);
      } else if (c == '\n' && blank_line_follows()) {
        finish();
      }
    }
    finish();
    return std::move(ranges_);
  }

 private:
  template <class Wanted>
  void skip_while(Wanted wanted) {
    for (std::size_t next = at_; next < text_.size(); at_ = next) {
      if (!wanted(next_code_point(text_, next))) return;
    }
  }

  bool blank_line_follows() const {
    for (std::size_t i = at_; i < text_.size(); ++i) {
      if (text_[i] == '\n') return true;
      if (text_[i] != ' ' && text_[i] != '\t' && text_[i] != '\r') return false;
    }
    return false;
  }

  void western(std::size_t mark, char32_t c) {
    if (c == '.' && is_abbreviation(text_, mark)) return;
    skip_while([](char32_t d) { return d == '.' || d == '!' || d == '?' || is_closing(d); });
    if (at_ >= text_.size()) return;
    std::size_t next = at_;
    const char32_t follower = next_code_point(text_, next);
    if (!is_space(follower)) {
      if (is_cjk(follower)) finish();
      return;
    }
    std::size_t peek = at_;
    char32_t first = ' ';
    while (peek < text_.size() && is_space(first)) first = next_code_point(text_, peek);
    const bool continues = first >= 'a' && first <= 'z' && c == '.';
    if (!continues) finish();
  }

  // Ends the sentence here, with the white space that follows.
  void finish() {
    skip_while(is_space);
    if (at_ > begin_) ranges_.emplace_back(begin_, at_);
    begin_ = at_;
  }

  std::string_view text_;
  std::size_t begin_ = 0;
  std::size_t at_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> ranges_;
};

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> sentences(std::string_view text) {
  return Splitter(text).split();
}

}  // namespace wenyuan
