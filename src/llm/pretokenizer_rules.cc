#include "llm/pretokenizer_rules.h"

#include <algorithm>

namespace wenyuan::llm {
namespace {

bool is_newline(const Char& c) { return c.code == '\r' || c.code == '\n'; }
bool is_space_char(const Char& c) { return c.kind == CharKind::space; }
bool is_letter_char(const Char& c) { return is_letter(c.kind); }
bool is_number_char(const Char& c) { return c.kind == CharKind::number; }
bool is_punctuation_char(const Char& c) { return c.kind == CharKind::punctuation; }
bool is_letter_or_mark(const Char& c) { return is_letter(c.kind) || c.kind == CharKind::mark; }
bool is_sign(const Char& c) {
  return c.kind == CharKind::punctuation || c.kind == CharKind::symbol;
}
bool is_other(const Char& c) {
  return c.kind != CharKind::space && c.kind != CharKind::number && !is_letter(c.kind);
}
bool is_other_but_mark(const Char& c) { return is_other(c) && c.kind != CharKind::mark; }
bool is_ascii_letter(const Char& c) {
  return (c.code >= 'A' && c.code <= 'Z') || (c.code >= 'a' && c.code <= 'z');
}
bool is_ascii_digit(const Char& c) { return c.code >= '0' && c.code <= '9'; }
// [^\r\n\p{L}\p{N}]
bool is_word_prefix(const Char& c) {
  return !is_newline(c) && !is_letter(c.kind) && c.kind != CharKind::number;
}

enum class Case { kept, ignored };

// Behind 's, 't, 're, 've, 'm, 'll or 'd; `at` when there is none.
std::size_t contraction(const CutWindow& window, std::size_t at, Case how) {
  if (window.code(at) != '\'') return at;
  const auto letter = [&](std::size_t i) -> char32_t {
    const char32_t c = window.code(at + i);
    if (how == Case::kept) return c;
    if (c == 0x17F) return 's';  // the long s is an s without its case
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  };
  const char32_t first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  const char32_t second = letter(2);
  const bool long_one = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                        (first == 'l' && second == 'l');
  return long_one ? at + 3 : at;
}

// \s+(?!\S)|\s+ : a run of white space without its last character when a word follows.
std::size_t spaces(const CutWindow& window, std::size_t at) {
  const std::size_t end = window.run(at, is_space_char);
  return window.inside(end) && end - at > 1 ? end - 1 : end;
}

// \s*[\r\n]+|\s+(?!\S)|\s+
std::size_t lines_or_spaces(const CutWindow& window, std::size_t at) {
  const std::size_t end = window.run(at, is_space_char);
  for (std::size_t last = end; last > at; --last) {
    if (window.is(last - 1, is_newline)) return last;
  }
  return spaces(window, at);
}

//  ?[…]+ with what may follow; `at` when it does not match.
template <class Wanted, class Follows>
std::size_t spaced_run(const CutWindow& window, std::size_t at, Wanted wanted, Follows follows) {
  const std::size_t from = window.code(at) == ' ' ? at + 1 : at;
  const std::size_t end = window.run(from, wanted);
  return end == from ? at : window.run(end, follows);
}

std::size_t numbers(const CutWindow& window, std::size_t at, std::size_t count_max) {
  return std::min(window.run(at, is_number_char), at + count_max);
}

template <class Letters, class Signs>
std::size_t cut_like_llama3(const CutWindow& window, std::size_t at, Letters letters, Signs signs,
                            std::size_t number_max) {
  if (const std::size_t end = contraction(window, at, Case::ignored); end > at) return end;
  const std::size_t word = window.is(at, is_word_prefix) ? at + 1 : at;
  if (const std::size_t end = window.run(word, letters); end > word) return end;
  if (const std::size_t end = window.run(at, letters); end > at) return end;
  if (const std::size_t end = numbers(window, at, number_max); end > at) return end;
  if (const std::size_t end = spaced_run(window, at, signs, is_newline); end > at) return end;
  return lines_or_spaces(window, at);
}

// U*L+|U+L*, each with a prefix if there is one, else without; see pretokenizer_rules.h.
template <class Upper, class Lower>
std::size_t cased_word(const CutWindow& window, std::size_t at, Upper upper, Lower lower) {
  const std::size_t starts[] = {at + 1, at};
  const std::size_t first = window.is(at, is_word_prefix) ? 0 : 1;
  for (std::size_t i = first; i < 2; ++i) {
    const std::size_t end = window.run(starts[i], upper);
    if (window.is(end, lower)) return window.run(end, lower);
    // L+ takes what U* can give back.
    for (std::size_t last = end; last > starts[i]; --last) {
      if (window.is(last - 1, lower)) return last;
    }
  }
  for (std::size_t i = first; i < 2; ++i) {
    const std::size_t end = window.run(starts[i], upper);
    if (end > starts[i]) return window.run(end, lower);
  }
  return at;
}

bool is_upper_part(const Char& c) {
  return c.kind == CharKind::upper || c.kind == CharKind::letter || c.kind == CharKind::mark;
}
bool is_lower_part(const Char& c) {
  return c.kind == CharKind::lower || c.kind == CharKind::letter || c.kind == CharKind::mark;
}

// \s?[…]+
template <class Wanted>
std::size_t after_a_space(const CutWindow& window, std::size_t at, Wanted wanted) {
  if (window.is(at, is_space_char)) {
    if (const std::size_t end = window.run(at + 1, wanted); end > at + 1) return end;
  }
  return window.run(at, wanted);
}

}  // namespace

CutWindow::CutWindow(std::span<const Char> chars, std::size_t begin)
    : chars_(chars), last_spaces_(chars.size()) {
  while (last_spaces_ > begin && chars[last_spaces_ - 1].kind == CharKind::space) --last_spaces_;
}

std::size_t cut_gpt2(const CutWindow& window, std::size_t at) {
  if (const std::size_t end = contraction(window, at, Case::kept); end > at) return end;
  const std::size_t word = window.code(at) == ' ' ? at + 1 : at;
  if (const std::size_t end = window.run(word, is_letter_char); end > word) return end;
  if (const std::size_t end = window.run(word, is_number_char); end > word) return end;
  if (const std::size_t end = window.run(word, is_other); end > word) return end;
  return spaces(window, at);
}

std::size_t cut_llama3(const CutWindow& window, std::size_t at) {
  return cut_like_llama3(window, at, is_letter_char, is_other, 3);
}

std::size_t cut_qwen2(const CutWindow& window, std::size_t at) {
  return cut_like_llama3(window, at, is_letter_char, is_other, 1);
}

std::size_t cut_qwen35(const CutWindow& window, std::size_t at) {
  return cut_like_llama3(window, at, is_letter_or_mark, is_other_but_mark, 1);
}

std::size_t cut_gpt4o(const CutWindow& window, std::size_t at) {
  if (const std::size_t end = cased_word(window, at, is_upper_part, is_lower_part); end > at) {
    return contraction(window, end, Case::ignored);
  }
  if (const std::size_t end = numbers(window, at, 3); end > at) return end;
  const auto follows = [](const Char& c) { return is_newline(c) || c.code == '/'; };
  if (const std::size_t end = spaced_run(window, at, is_other, follows); end > at) return end;
  return lines_or_spaces(window, at);
}

std::size_t cut_tekken(const CutWindow& window, std::size_t at) {
  if (const std::size_t end = cased_word(window, at, is_upper_part, is_lower_part); end > at) {
    return end;
  }
  if (const std::size_t end = numbers(window, at, 1); end > at) return end;
  const auto follows = [](const Char& c) { return is_newline(c) || c.code == '/'; };
  if (const std::size_t end = spaced_run(window, at, is_other, follows); end > at) return end;
  return lines_or_spaces(window, at);
}

std::size_t cut_kimi(const CutWindow& window, std::size_t at) {
  const auto han = [](const Char& c) { return is_han(c.code); };
  if (const std::size_t end = window.run(at, han); end > at) return end;
  const auto upper = [](const Char& c) { return is_upper_part(c) && !is_han(c.code); };
  const auto lower = [](const Char& c) { return is_lower_part(c) && !is_han(c.code); };
  if (const std::size_t end = cased_word(window, at, upper, lower); end > at) {
    return contraction(window, end, Case::ignored);
  }
  if (const std::size_t end = numbers(window, at, 3); end > at) return end;
  if (const std::size_t end = spaced_run(window, at, is_other, is_newline); end > at) return end;
  return lines_or_spaces(window, at);
}

std::size_t cut_deepseek3(const CutWindow& window, std::size_t at) {
  const auto ascii_sign = [](const Char& c) {
    return c.code > ' ' && c.code < 0x7F && !is_ascii_letter(c) && !is_ascii_digit(c);
  };
  if (window.is(at, ascii_sign)) {
    if (const std::size_t end = window.run(at + 1, is_ascii_letter); end > at + 1) return end;
  }
  const auto prefix = [](const Char& c) {
    return !is_newline(c) && !is_letter(c.kind) && !is_sign(c);
  };
  const std::size_t word = window.is(at, prefix) ? at + 1 : at;
  if (const std::size_t end = window.run(word, is_letter_or_mark); end > word) return end;
  if (const std::size_t end = window.run(at, is_letter_or_mark); end > at) return end;
  if (const std::size_t end = spaced_run(window, at, is_sign, is_newline); end > at) return end;
  return lines_or_spaces(window, at);
}

std::size_t cut_number(const CutWindow& window, std::size_t at) { return numbers(window, at, 1); }

std::size_t cut_numbers(const CutWindow& window, std::size_t at) {
  return window.run(at, is_number_char);
}

std::size_t cut_three_numbers(const CutWindow& window, std::size_t at) {
  return numbers(window, at, 3);
}

std::size_t cut_three_digits(const CutWindow& window, std::size_t at) {
  const bool three = window.is(at, is_ascii_digit) && window.is(at + 1, is_ascii_digit) &&
                     window.is(at + 2, is_ascii_digit);
  return three ? at + 3 : at;
}

std::size_t cut_signs(const CutWindow& window, std::size_t at) {
  return window.run(at, [](const Char& c) {
    if (c.code >= 0x80) return is_punctuation_char(c);
    return is_sign(c) && c.code != '`';
  });
}

std::size_t cut_newline(const CutWindow& window, std::size_t at) {
  return window.is(at, is_newline) ? at + 1 : at;
}

std::size_t cut_spaced_letters(const CutWindow& window, std::size_t at) {
  return after_a_space(window, at, is_letter_char);
}

std::size_t cut_spaced_punctuation(const CutWindow& window, std::size_t at) {
  return after_a_space(window, at, is_punctuation_char);
}

std::size_t cut_last_spaces(const CutWindow& window, std::size_t at) {
  return at >= window.last_spaces() ? window.end() : at;
}

std::size_t cut_han_and_kana(const CutWindow& window, std::size_t at) {
  return window.run(at, [](const Char& c) {
    return (c.code >= 0x4E00 && c.code <= 0x9FA5) || (c.code >= 0x3040 && c.code <= 0x30FF);
  });
}

std::size_t cut_deepseek_cjk(const CutWindow& window, std::size_t at) {
  return window.run(at, [](const Char& c) {
    return (c.code >= 0x800 && c.code <= 0x9FA5) || (c.code >= 0xAC00 && c.code <= 0xD7FF);
  });
}

std::size_t cut_deepseek_letters(const CutWindow& window, std::size_t at) {
  return after_a_space(window, at, [](const Char& c) {
    return c.code < 0x80 ? is_ascii_letter(c) : is_deepseek_letter(c.code);
  });
}

std::size_t cut_deepseek_signs(const CutWindow& window, std::size_t at) {
  return after_a_space(window, at, [](const Char& c) {
    const char32_t code = c.code;
    return (code >= '!' && code <= '/') || (code >= ':' && code <= '~') ||
           (code >= 0xFF01 && code <= 0xFF0F) || (code >= 0xFF1A && code <= 0xFF5E) ||
           (code >= 0x2018 && code <= 0x201F) || (code >= 0x3000 && code <= 0x3002);
  });
}

}  // namespace wenyuan::llm
