// Cuts the text of a policy into words, values and signs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/policy/ast.h"
#include "base/result.h"

namespace wenyuan::auth::policy {

constexpr std::size_t kTextSizeMax = 16 * 1024;

enum class TokenKind { word, text, integer, sign, end };

struct Token {
  TokenKind kind = TokenKind::end;
  Position at;
  std::string text;         // the word, the sign, or the text without quotes and escapes
  std::int64_t number = 0;  // of an integer
};

// "line 1, column 17: `message`", as invalid_argument.
Error error_at(Position at, std::string_view message);

// The last token is the end. Spaces and comments (// to the end of the line) separate tokens.
Result<std::vector<Token>> tokens(std::string_view text);

}  // namespace wenyuan::auth::policy
