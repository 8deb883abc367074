// Cuts a text in Cedar's schema syntax into words, strings and signs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/schema_fragment.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

enum class SchemaTokenKind : std::uint8_t { word, string, sign, end };

struct SchemaToken {
  SchemaTokenKind kind = SchemaTokenKind::end;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string text;  // the word, the sign ("::" is one), or the string without its escapes

  SchemaPlace place() const { return {line, column, {}}; }
};

// The last token is the end.
Result<std::vector<SchemaToken>> schema_tokens(std::string_view text);

}  // namespace wenyuan::auth::cedar
