// What kind of character a code point is, and how BERT folds it.
#pragma once

#include <string_view>
#include <vector>

#include "llm/character_tables.h"

namespace wenyuan::llm {

CharKind char_kind(char32_t c);

inline bool is_letter(char32_t c) { return char_kind(c) == CharKind::letter; }
inline bool is_number(char32_t c) { return char_kind(c) == CharKind::number; }
inline bool is_space(char32_t c) { return char_kind(c) == CharKind::space; }

// A character of a text with its place in the bytes. Ill-formed bytes become U+FFFD, one each.
struct Char {
  char32_t code;
  std::size_t begin;
  std::size_t end;
};
std::vector<Char> characters(std::string_view text);

// Appends the character in lower case without accents (NFD, nonspacing marks dropped).
void append_folded(std::vector<char32_t>& folded, char32_t c);

}  // namespace wenyuan::llm
