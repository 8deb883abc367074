// Typed attributes of users, collections and documents: what access rules and filters look at.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace wenyuan {

using AttributeValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

// Sorted by name, so that equal attributes have equal encodings.
using Attributes = std::map<std::string, AttributeValue, std::less<>>;

constexpr std::size_t kAttributeCountMax = 64;
constexpr std::size_t kAttributeNameSizeMax = 64;    // [a-z][a-z0-9_]*
constexpr std::size_t kAttributeTextSizeMax = 1024;  // bytes of UTF-8, of a text or a list item

// Checks names, counts and sizes; invalid_argument names the attribute.
Status check_attributes(const Attributes& attributes);

// The canonical JSON object: keys sorted, no spaces, lists in the order given. It is what the store
// keeps and what labels are compared by.
std::string encode_attributes(const Attributes& attributes);

// Reads what encode_attributes() wrote; corrupt for anything else.
Result<Attributes> decode_attributes(std::string_view text);

}  // namespace wenyuan
