// What an API key looks like: wy_, 43 random characters, _, 6 characters of checksum.
#pragma once

#include <string>
#include <string_view>

namespace wenyuan::auth {

constexpr std::size_t kKeyPrefixSize = 11;  // wy_ and eight characters
constexpr std::size_t kChosenKeySizeMin = 32;
constexpr std::size_t kKeySizeMax = 512;

// 43 characters of 0-9A-Za-z are 256 random bits. The checksum lets scanners tell a leaked key from
// other text without asking us.
std::string new_key_text();

// Whether the checksum fits; no secret is needed to know it.
bool has_key_form(std::string_view text);

}  // namespace wenyuan::auth
