// UTF-8 and the few plain text encodings that several folders need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan {

// True for well-formed UTF-8 as Unicode 15 table 3-7 has it (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

// The same text with every ill-formed byte replaced by U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

// Decodes the code point at `at` and moves `at` behind it. `text` must be valid UTF-8 and
// `at < text.size()`.
char32_t next_code_point(std::string_view text, std::size_t& at);
void append_utf8(std::string& text, char32_t code_point);

// Code points in valid UTF-8.
std::size_t code_point_count(std::string_view text);

// Byte offset of code point number `count` (text.size() when there are fewer).
std::size_t byte_offset(std::string_view text, std::size_t count);

// Han, kana, hangul and their punctuation: scripts written without spaces, or searched as such.
bool is_cjk(char32_t code_point);

// A JSON string literal with its quotes; ill-formed UTF-8 becomes U+FFFD.
std::string json_quoted(std::string_view text);

std::string to_hex(std::span<const std::uint8_t> bytes);
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

// RFC 4648 section 4 (with padding) and section 5 (URL-safe, without).
std::string to_base64(std::span<const std::uint8_t> bytes);
std::string to_base64url(std::span<const std::uint8_t> bytes);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
// ASCII letters only.
std::string to_lower_ascii(std::string_view text);

}  // namespace wenyuan
