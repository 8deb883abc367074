// Looks one token ahead, and says what was expected and what was found.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "auth/cedar/lexer.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

class TokenReader {
 public:
  explicit TokenReader(std::string_view text) : lexer_(text), current_(lexer_.next()) {}

  const Token& peek() const { return current_; }
  bool is_sign(std::string_view sign) const {
    return current_.kind == TokenKind::sign && current_.text == sign;
  }
  bool is_word(std::string_view word) const {
    return current_.kind == TokenKind::word && current_.text == word;
  }

  // The token that is passed by.
  Token take();
  bool take_sign(std::string_view sign);
  bool take_word(std::string_view word);

  Status expect_sign(std::string_view sign);
  // An identifier that is not reserved; `what` says for the message what it is for.
  Result<std::string> expect_identifier(std::string_view what);
  // A string with its escapes decoded.
  Result<std::string> expect_string(std::string_view what);
  Result<Pattern> expect_pattern();

  // "line 3, column 7: expected `,` or `)`, found `when`".
  Error expected(std::string_view what) const;
  Error error_at(const Span& span, std::string_view message) const;

  // From the beginning of `first` to the end of the last token that was taken.
  Span since(Span first) const {
    first.end = taken_end_;
    return first;
  }

 private:
  Error bad_escape(const Token& token, std::size_t inside_at, std::string_view message) const;

  Lexer lexer_;
  Token current_;
  std::uint32_t taken_end_ = 0;
};

}  // namespace wenyuan::auth::cedar
