// Brings text of any encoding to UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::ingest {

// By byte order mark, then as `declared` (may be empty), then UTF-8 if it is valid, then by guess.
// unsupported_media for what is not text.
Result<std::string> to_utf8(std::string_view bytes, std::string_view declared);

// The encoding that an HTML or XML file names in its first kilobytes; empty when none.
std::string declared_charset(std::string_view bytes);

}  // namespace wenyuan::ingest
