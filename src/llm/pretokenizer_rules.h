// The patterns by which pre-tokenizers cut, each as one function.
//
// A rule gives the end of what its pattern matches at `at`, or `at` when it matches nothing there.
// The alternatives of a pattern are tried in their order, as a regular expression would.
#pragma once

#include <cstddef>
#include <span>

#include "llm/characters.h"

namespace wenyuan::llm {

// A piece of a text: the characters from `begin` to the end of the span.
class CutWindow {
 public:
  CutWindow(std::span<const Char> chars, std::size_t begin);

  std::size_t end() const { return chars_.size(); }
  bool inside(std::size_t at) const { return at < chars_.size(); }
  char32_t code(std::size_t at) const { return inside(at) ? chars_[at].code : 0; }
  CharKind kind(std::size_t at) const { return chars_[at].kind; }
  // Where the white space at the piece's end begins.
  std::size_t last_spaces() const { return last_spaces_; }

  template <class Wanted>
  bool is(std::size_t at, Wanted wanted) const {
    return inside(at) && wanted(chars_[at]);
  }
  // Behind the characters from `from` on that are wanted.
  template <class Wanted>
  std::size_t run(std::size_t from, Wanted wanted) const {
    while (is(from, wanted)) ++from;
    return from;
  }

 private:
  std::span<const Char> chars_;
  std::size_t last_spaces_;
};

using CutRule = std::size_t (*)(const CutWindow&, std::size_t at);

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t cut_gpt2(const CutWindow& window, std::size_t at);
// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
// |\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t cut_llama3(const CutWindow& window, std::size_t at);
std::size_t cut_qwen2(const CutWindow& window, std::size_t at);   // … \p{N} …
std::size_t cut_qwen35(const CutWindow& window, std::size_t at);  // … [\p{L}\p{M}] for \p{L} …
// [^\r\n\p{L}\p{N}]?U*L+(?i:'s|…)?|[^\r\n\p{L}\p{N}]?U+L*(?i:'s|…)?|\p{N}{1,3}
// | ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
// with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L = [\p{Ll}\p{Lm}\p{Lo}\p{M}]
std::size_t cut_gpt4o(const CutWindow& window, std::size_t at);
std::size_t cut_tekken(const CutWindow& window, std::size_t at);  // without (?i:'s|…)?, with \p{N}
// [\p{Han}]+|… as gpt4o, with [\r\n]* and without \p{Han} in U and L
std::size_t cut_kimi(const CutWindow& window, std::size_t at);
// [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
// |\s*[\r\n]+|\s+(?!\S)|\s+
std::size_t cut_deepseek3(const CutWindow& window, std::size_t at);

// Those that follow match only some characters.
std::size_t cut_number(const CutWindow& window, std::size_t at);              // \p{N}
std::size_t cut_numbers(const CutWindow& window, std::size_t at);             // \p{N}+
std::size_t cut_three_numbers(const CutWindow& window, std::size_t at);       // \p{N}{1,3}
std::size_t cut_three_digits(const CutWindow& window, std::size_t at);        // [0-9][0-9][0-9]
std::size_t cut_signs(const CutWindow& window, std::size_t at);               // [\p{P}$+<=>^~|]+
std::size_t cut_newline(const CutWindow& window, std::size_t at);             // [\r\n]
std::size_t cut_spaced_letters(const CutWindow& window, std::size_t at);      // \s?\p{L}+
std::size_t cut_spaced_punctuation(const CutWindow& window, std::size_t at);  // \s?\p{P}+
std::size_t cut_last_spaces(const CutWindow& window, std::size_t at);         // \s+$
std::size_t cut_han_and_kana(const CutWindow& window, std::size_t at);  // [一-龥぀-ゟ゠-ヿ]+
std::size_t cut_deepseek_cjk(const CutWindow& window, std::size_t at);  // [一-龥ࠀ-一가-퟿]+
std::size_t cut_deepseek_letters(const CutWindow& window, std::size_t at);  // \s?[A-Za-zµ…]+
std::size_t cut_deepseek_signs(const CutWindow& window, std::size_t at);    // \s?[!-/:-~！-…]+

// The cased letters that DeepSeek's first pattern lists, which no Unicode version defines so.
bool is_deepseek_letter(char32_t c);

}  // namespace wenyuan::llm
