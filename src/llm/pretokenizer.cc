#include "llm/pretokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

bool is_newline(char32_t c) { return c == '\r' || c == '\n'; }
bool is_other(char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); }
char32_t lower(char32_t c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

// Matches the alternatives of a pattern in their order, at one place after the other.
class Matcher {
 public:
  Matcher(std::string_view text, PretokenizerKind kind)
      : text_(text), kind_(kind), chars_(characters(text)) {}

  std::vector<std::string_view> split() {
    std::vector<std::string_view> words;
    while (at_ < chars_.size()) {
      const std::size_t begin = at_;
      at_ = kind_ == PretokenizerKind::gpt2 || kind_ == PretokenizerKind::smollm ? end_gpt2()
                                                                                 : end_llama3();
      words.push_back(text_.substr(chars_[begin].begin, chars_[at_ - 1].end - chars_[begin].begin));
    }
    return words;
  }

 private:
  char32_t code(std::size_t at) const { return at < chars_.size() ? chars_[at].code : 0; }
  bool inside(std::size_t at) const { return at < chars_.size(); }

  template <class Wanted>
  std::size_t run(std::size_t from, Wanted wanted) const {
    while (inside(from) && wanted(chars_[from].code)) ++from;
    return from;
  }

  // Behind 's, 't, 're, 've, 'm, 'll or 'd at the apostrophe here; 0 when there is none.
  std::size_t contraction(bool ignore_case) const {
    if (code(at_) != '\'') return 0;
    const auto letter = [&](std::size_t i) {
      return ignore_case ? lower(code(at_ + i)) : code(at_ + i);
    };
    const char32_t first = letter(1);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at_ + 2;
    const char32_t second = letter(2);
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
        (first == 'l' && second == 'l')) {
      return at_ + 3;
    }
    return 0;
  }

  // \s+(?!\S)|\s+ : a run of white space without its last character when a word follows.
  std::size_t white_space() const {
    const std::size_t end = run(at_, is_space);
    if (inside(end) && end - at_ > 1) return end - 1;
    return end;
  }

  std::size_t end_gpt2() const {
    if (kind_ == PretokenizerKind::smollm && is_number(code(at_))) return at_ + 1;
    if (const std::size_t end = contraction(false)) return end;
    // In a text that was cut at numbers first, white space before a number stands at an end.
    const std::size_t word = code(at_) == ' ' && inside(at_ + 1) ? at_ + 1 : at_;
    if (is_letter(code(word))) return run(word, is_letter);
    if (is_number(code(word)) && kind_ == PretokenizerKind::gpt2) return run(word, is_number);
    if (is_other(code(word))) return run(word, is_other);
    if (kind_ == PretokenizerKind::smollm) {
      const std::size_t end = run(at_, is_space);
      return inside(end) && !is_number(code(end)) && end - at_ > 1 ? end - 1 : end;
    }
    return white_space();
  }

  std::size_t end_llama3() const {
    if (const std::size_t end = contraction(true)) return end;
    const char32_t here = code(at_);
    const bool prefix = !is_newline(here) && !is_letter(here) && !is_number(here);
    if (is_letter(here)) return run(at_, is_letter);
    if (prefix && is_letter(code(at_ + 1))) return run(at_ + 1, is_letter);
    if (is_number(here)) {
      const std::size_t limit = kind_ == PretokenizerKind::qwen2 ? 1 : 3;
      return std::min(run(at_, is_number), at_ + limit);
    }
    const std::size_t word = here == ' ' && inside(at_ + 1) ? at_ + 1 : at_;
    if (is_other(code(word))) return run(run(word, is_other), is_newline);
    const std::size_t end = run(at_, is_space);
    // \s*[\r\n]+ : up to and with the last line break of the run.
    for (std::size_t last = end; last > at_; --last) {
      if (is_newline(code(last - 1))) return last;
    }
    return white_space();
  }

  std::string_view text_;
  PretokenizerKind kind_;
  std::vector<Char> chars_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<PretokenizerKind> pretokenizer_kind(std::string_view name) {
  constexpr std::pair<std::string_view, PretokenizerKind> kNames[] = {
      {"", PretokenizerKind::gpt2},
      {"default", PretokenizerKind::gpt2},
      {"gpt-2", PretokenizerKind::gpt2},
      {"smollm", PretokenizerKind::smollm},
      {"llama-bpe", PretokenizerKind::llama3},
      {"llama3", PretokenizerKind::llama3},
      {"qwen2", PretokenizerKind::qwen2},
      {"deepseek-r1-qwen", PretokenizerKind::qwen2},
  };
  for (const auto& [known, kind] : kNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::vector<std::string_view> pretokenize(std::string_view text, PretokenizerKind kind) {
  return Matcher(text, kind).split();
}

}  // namespace wenyuan::llm
