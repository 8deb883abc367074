// Cuts the text of policies into tokens, one at a time.
#pragma once

#include <string>
#include <string_view>

#include "auth/cedar/ast.h"

namespace wenyuan::auth::cedar {

enum class TokenKind {
  word,     // an identifier or a reserved word
  integer,  // digits
  string,   // with its quotes, escapes not decoded
  slot,     // ?principal
  sign,     // one of ( ) { } [ ] , ; : :: . @ == != < <= > >= && || ! + - * / % =
  end,      // nothing is left
  invalid,  // text() says what is wrong
};

struct Token {
  TokenKind kind = TokenKind::end;
  Span span;
  std::string_view text;  // as it is written
};

// "line 3, column 7: ".
std::string at(const Span& span);
// The place `bytes` behind the beginning of `span`, whose text is `text`.
Span moved(Span span, std::string_view text, std::size_t bytes);

// `text` must be valid UTF-8 and outlive the lexer and its tokens.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // After an invalid token the same one comes again.
  Token next();
  std::string_view text() const { return text_; }

 private:
  void skip_space();
  void advance(std::size_t bytes);
  std::size_t string_size() const;
  Token token(TokenKind kind, std::size_t bytes);
  Token invalid(std::string_view problem) const;

  std::string_view text_;
  Span at_;
};

}  // namespace wenyuan::auth::cedar
