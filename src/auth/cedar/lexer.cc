#include "auth/cedar/lexer.h"

#include <array>

#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Unicode's White_Space.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

constexpr std::array<std::string_view, 7> kLongSigns = {"::", "==", "!=", "<=", ">=", "&&", "||"};
constexpr std::string_view kShortSigns = "(){}[],;:.@<>!+-*/%=";

std::size_t sign_size(std::string_view text) {
  for (const std::string_view sign : kLongSigns) {
    if (text.starts_with(sign)) return sign.size();
  }
  return kShortSigns.find(text.front()) == std::string_view::npos ? 0 : 1;
}

std::size_t word_size(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && (is_letter(text[size]) || is_digit(text[size]))) ++size;
  return size;
}

}  // namespace

std::string at(const Span& span) {
  std::string text = "line ";
  text += std::to_string(span.line);
  text += ", column ";
  text += std::to_string(span.column);
  text += ": ";
  return text;
}

Span moved(Span span, std::string_view text, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes && i < text.size();) {
    if (text[i] == '\n') {
      ++span.line;
      span.column = 1;
      ++i;
    } else {
      next_code_point(text, i);
      ++span.column;
    }
  }
  span.begin += static_cast<std::uint32_t>(bytes);
  return span;
}

void Lexer::advance(std::size_t bytes) { at_ = moved(at_, text_.substr(at_.begin), bytes); }

void Lexer::skip_space() {
  while (at_.begin < text_.size()) {
    const std::string_view rest = text_.substr(at_.begin);
    if (rest.starts_with("//")) {
      const std::size_t line_end = rest.find_first_of("\r\n");
      advance(line_end == std::string_view::npos ? rest.size() : line_end);
      continue;
    }
    std::size_t size = 0;
    if (!is_space(next_code_point(rest, size))) return;
    advance(size);
  }
}

Token Lexer::token(TokenKind kind, std::size_t bytes) {
  Token made{kind, at_, text_.substr(at_.begin, bytes)};
  advance(bytes);
  made.span.end = at_.begin;
  return made;
}

Token Lexer::invalid(std::string_view problem) const {
  Token made{TokenKind::invalid, at_, problem};
  made.span.end = at_.begin;
  return made;
}

// With both quotes; 0 when the closing one is missing.
std::size_t Lexer::string_size() const {
  const std::string_view rest = text_.substr(at_.begin);
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') return i + 1;
    if (rest[i] == '\\') ++i;
  }
  return 0;
}

Token Lexer::next() {
  skip_space();
  if (at_.begin >= text_.size()) return token(TokenKind::end, 0);
  const std::string_view rest = text_.substr(at_.begin);
  const char c = rest.front();
  if (is_letter(c)) return token(TokenKind::word, word_size(rest));
  if (is_digit(c)) {
    std::size_t size = 1;
    while (size < rest.size() && is_digit(rest[size])) ++size;
    return token(TokenKind::integer, size);
  }
  if (c == '"') {
    const std::size_t size = string_size();
    if (size == 0) return invalid("a string without its closing quote");
    return token(TokenKind::string, size);
  }
  if (c == '?' && rest.size() > 1 && is_letter(rest[1])) {
    return token(TokenKind::slot, 1 + word_size(rest.substr(1)));
  }
  const std::size_t size = sign_size(rest);
  if (size > 0) return token(TokenKind::sign, size);
  return invalid("a character that has no meaning here");
}

}  // namespace wenyuan::auth::cedar
