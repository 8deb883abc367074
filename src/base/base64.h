// Base64 as it comes from others: read strictly, so that one value has one spelling.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace wenyuan {

// RFC 4648 section 5 without padding. Nothing for another character, a length that cannot be, or
// bits at the end that are not zero.
std::optional<std::string> from_base64url(std::string_view text);
// RFC 4648 section 4 with its padding.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace wenyuan
