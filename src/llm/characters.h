// What kind of character a code point is, and how tokenizers normalise texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "llm/character_tables.h"

namespace wenyuan::llm {

CharKind char_kind(char32_t c);

inline bool is_letter(CharKind kind) {
  return kind == CharKind::letter || kind == CharKind::lower || kind == CharKind::upper;
}
inline bool is_letter(char32_t c) { return is_letter(char_kind(c)); }
inline bool is_number(char32_t c) { return char_kind(c) == CharKind::number; }
inline bool is_space(char32_t c) { return char_kind(c) == CharKind::space; }
bool is_han(char32_t c);  // the script

// A character of a text with its place in the bytes. Ill-formed bytes become U+FFFD, one each.
struct Char {
  char32_t code;
  CharKind kind;
  std::size_t begin;
  std::size_t end;
};
std::vector<Char> characters(std::string_view text);
Char first_character(std::string_view text);  // of a text that is not empty

// The character's bytes; half of a surrogate pair, or what is no character at all, gives U+FFFD.
void append_character(std::string& text, char32_t c);

// BERT's rules.
bool is_bert_dropped(char32_t c);
bool is_bert_punctuation(char32_t c);
// Appends the character in lower case without accents (NFD, nonspacing marks dropped).
void append_folded(std::vector<char32_t>& folded, char32_t c);

// True when the text is in normal form C whatever stands around it. False says nothing.
bool is_surely_nfc(std::string_view text);
// Normal form C; ill-formed bytes stay as they are.
std::string to_nfc(std::string_view text);

}  // namespace wenyuan::llm
