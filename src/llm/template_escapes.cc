#include "llm/template_escapes.h"

#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

// The value of at most `count` digits of the base; `size` is how many there are.
char32_t number(std::string_view digits, std::size_t count, char32_t base, std::size_t& size) {
  char32_t value = 0;
  for (size = 0; size < count && size < digits.size(); ++size) {
    const char c = digits[size];
    char32_t digit = base;
    if (c >= '0' && c <= '9') digit = static_cast<char32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<char32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<char32_t>(c - 'A' + 10);
    if (digit >= base) break;
    value = value * base + digit;
  }
  return value;
}

char single(char letter) {
  switch (letter) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'v': return '\v';
    case '\\':
    case '\'':
    case '"': return letter;
    default: return 0;
  }
}

// The escape behind a backslash: appends what it stands for and gives its size, or 0.
std::size_t undo(std::string_view rest, std::string& plain) {
  if (rest.empty()) return 0;
  if (const char c = single(rest[0]); c != 0) {
    plain += c;
    return 1;
  }
  if (rest[0] == '\n') return 1;
  std::size_t size = 0;
  if (rest[0] >= '0' && rest[0] <= '7') {
    append_character(plain, number(rest, 3, 8, size));
    return size;
  }
  const std::size_t wanted = rest[0] == 'x' ? 2 : rest[0] == 'u' ? 4 : rest[0] == 'U' ? 8 : 0;
  if (wanted == 0) return 0;
  const char32_t code = number(rest.substr(1), wanted, 16, size);
  if (size != wanted) return 0;
  append_character(plain, code);
  return 1 + size;
}

}  // namespace

std::string without_escapes(std::string_view literal) {
  std::string plain;
  for (std::size_t at = 0; at < literal.size();) {
    if (literal[at] == '\\') {
      if (const std::size_t size = undo(literal.substr(at + 1), plain); size > 0) {
        at += 1 + size;
        continue;
      }
    }
    plain += literal[at++];
  }
  return plain;
}

}  // namespace wenyuan::llm
