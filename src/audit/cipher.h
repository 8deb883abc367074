// AES-256-GCM and HKDF-SHA256, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wenyuan::audit {

using CipherKey = std::array<std::uint8_t, 32>;

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

// Nonce (random), ciphertext, tag. `bound` is authenticated and not kept.
std::string seal(const CipherKey& key, std::string_view plain, std::string_view bound);
// Nothing when it was sealed with another key, bound to something else, or changed.
std::optional<std::string> unseal(const CipherKey& key, std::string_view sealed,
                                  std::string_view bound);

// RFC 5869 without salt.
CipherKey derive_key(std::string_view secret, std::string_view info);

}  // namespace wenyuan::audit
