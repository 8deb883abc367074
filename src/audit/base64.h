// Base64 read strictly, so that one value has one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/merkle.h"

namespace wenyuan::audit {

// RFC 4648 section 4 with its padding; nothing for everything else.
std::optional<std::string> from_base64(std::string_view text);
std::optional<Hash> hash_from_base64(std::string_view text);
std::string to_base64_text(std::string_view bytes);

}  // namespace wenyuan::audit
