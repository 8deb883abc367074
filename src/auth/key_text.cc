#include "auth/key_text.h"

#include <array>
#include <cstdint>

#include "base/id.h"

namespace wenyuan::auth {
namespace {

constexpr std::string_view kHead = "wy_";
constexpr std::size_t kRandomSize = 43;
constexpr std::size_t kChecksumSize = 6;
constexpr std::size_t kKeySize = kHead.size() + kRandomSize + 1 + kChecksumSize;
constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// CRC-32 as in zip and PNG.
std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

// 62^6 is more than 2^32.
std::string checksum(std::string_view text) {
  std::uint32_t value = crc32(text);
  std::string digits(kChecksumSize, kDigits[0]);
  for (std::size_t at = kChecksumSize; at-- > 0; value /= 62) digits[at] = kDigits[value % 62];
  return digits;
}

// Bytes of 248 and more are drawn again, so that every digit is equally likely.
char random_digit() {
  constexpr std::uint8_t kFairMax = 247;
  std::array<std::uint8_t, 1> byte{};
  do {
    random_bytes(byte);
  } while (byte[0] > kFairMax);
  return kDigits[byte[0] % 62];
}

}  // namespace

std::string new_key_text() {
  std::string text(kHead);
  for (std::size_t i = 0; i < kRandomSize; ++i) text += random_digit();
  return text + "_" + checksum(text);
}

bool has_key_form(std::string_view text) {
  if (text.size() != kKeySize || !text.starts_with(kHead)) return false;
  const std::string_view signed_part = text.substr(0, kHead.size() + kRandomSize);
  return text[signed_part.size()] == '_' &&
         text.substr(signed_part.size() + 1) == checksum(signed_part);
}

}  // namespace wenyuan::auth
