// Strings and patterns between their quotes, as a policy writes them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "auth/cedar/ast.h"

namespace wenyuan::auth::cedar {

// What is wrong with an escape, and where: an offset in bytes.
struct BadEscape {
  std::size_t at = 0;
  std::string message;
};

// `inside` is valid UTF-8 without the quotes. \n \r \t \\ \0 \' \" \x41 \u{6587}; in a pattern also
// \* for a star that is not a wildcard.
std::variant<std::string, BadEscape> unescape(std::string_view inside);
std::variant<Pattern, BadEscape> unescape_pattern(std::string_view inside);

// With quotes. Control characters, and those that change the direction of text or cannot be seen,
// are written as escapes, so that a policy reads as it is.
std::string quoted(std::string_view text);
std::string quoted(const Pattern& pattern);

}  // namespace wenyuan::auth::cedar
