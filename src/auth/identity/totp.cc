#include "auth/identity/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "auth/key_secret.h"

namespace wenyuan::auth {
namespace {

constexpr std::uint32_t kPowers[] = {1'000'000, 10'000'000, 100'000'000};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

}  // namespace

std::string_view name(TotpAlgorithm algorithm) {
  return algorithm == TotpAlgorithm::sha1 ? "SHA1" : "SHA256";
}

std::optional<TotpAlgorithm> totp_algorithm(std::string_view name) {
  if (name == "SHA1") return TotpAlgorithm::sha1;
  if (name == "SHA256") return TotpAlgorithm::sha256;
  return std::nullopt;
}

Result<std::string> hotp(std::string_view secret, std::uint64_t counter, int digits,
                         TotpAlgorithm algorithm) {
  if (digits < 6 || digits > 8) return Error{ErrorCode::internal, "a code has 6 to 8 digits"};
  std::array<unsigned char, 8> message{};
  for (std::size_t at = message.size(); at-- > 0; counter >>= 8) {
    message[at] = static_cast<unsigned char>(counter & 0xFF);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  const EVP_MD* digest = algorithm == TotpAlgorithm::sha1 ? EVP_sha1() : EVP_sha256();
  if (HMAC(digest, bytes_of(secret), static_cast<int>(secret.size()), message.data(),
           message.size(), mac.data(), &size) == nullptr ||
      size < 20) {
    return Error{ErrorCode::internal, "HMAC failed"};
  }
  const std::size_t offset = mac[size - 1] & 0x0F;
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < 4; ++at) number = number << 8 | mac[offset + at];
  number = (number & 0x7FFF'FFFFU) % kPowers[digits - 6];
  std::string text = std::to_string(number);
  text.insert(text.begin(), static_cast<std::size_t>(digits) - text.size(), '0');
  return text;
}

Result<std::optional<std::int64_t>> matching_step(std::string_view secret, std::string_view code,
                                                  TotpAlgorithm algorithm, std::int64_t last_step,
                                                  UnixMillis now) {
  const std::int64_t current = now / kTotpStepMs;
  std::optional<std::int64_t> found;
  for (std::int64_t step = current - 1; step <= current + 1; ++step) {
    if (step < 0) continue;
    WY_TRY(const std::string right,
           hotp(secret, static_cast<std::uint64_t>(step), kTotpDigits, algorithm));
    const bool same = same_bytes({bytes_of(right), right.size()}, {bytes_of(code), code.size()});
    if (same && step > last_step && !found) found = step;
  }
  return found;
}

std::string to_base32(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = (held << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    for (bits += 8; bits >= 5; bits -= 5) text += kDigits[held >> (bits - 5) & 31];
  }
  if (bits > 0) text += kDigits[held << (5 - bits) & 31];
  return text;
}

std::string otpauth_address(std::string_view issuer, std::string_view account,
                            std::string_view secret, TotpAlgorithm algorithm) {
  std::string address = "otpauth://totp/";
  address += percent_encoded(issuer);
  address += ':';
  address += percent_encoded(account);
  address += "?secret=";
  address += to_base32(secret);
  address += "&issuer=";
  address += percent_encoded(issuer);
  address += "&algorithm=";
  address += name(algorithm);
  address += "&digits=6&period=30";
  return address;
}

}  // namespace wenyuan::auth
