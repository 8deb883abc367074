#include "base/base64.h"

#include <cstdint>

namespace wenyuan {
namespace {

// 0 to 63, or -1.
int digit_of(char c, char digit62, char digit63) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == digit62) return 62;
  if (c == digit63) return 63;
  return -1;
}

std::optional<std::string> decoded(std::string_view digits, char digit62, char digit63) {
  if (digits.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 4 * 3 + 2);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : digits) {
    const int digit = digit_of(c, digit62, digit63);
    if (digit < 0) return std::nullopt;
    held = (held << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xFF);
  }
  const std::uint32_t left_over = held & ((1U << bits) - 1);
  if (left_over != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<std::string> from_base64url(std::string_view text) { return decoded(text, '-', '_'); }

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return decoded(text.substr(0, text.size() - padding), '+', '/');
}

}  // namespace wenyuan
