// AES-256-GCM and HKDF-SHA256, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wenyuan::store {

using CipherKey = std::array<std::uint8_t, 32>;
using CipherNonce = std::array<std::uint8_t, 12>;

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kSealedOverhead = kNonceSize + kTagSize;

// Nonce (random), ciphertext, tag. `bound` is authenticated and not kept. Random nonces: no more
// than 2^32 texts under one key.
std::string seal(const CipherKey& key, std::string_view plain, std::string_view bound);
// Nothing when it was sealed with another key, bound to something else, or changed.
std::optional<std::string> unseal(const CipherKey& key, std::string_view sealed,
                                  std::string_view bound);

// For what holds a key; nothing also when it is not one.
std::optional<CipherKey> unseal_key(const CipherKey& key, std::string_view sealed,
                                    std::string_view bound);

// The same with a nonce that the caller never uses again under this key, and that is not kept:
// ciphertext, tag.
std::string seal_at(const CipherKey& key, const CipherNonce& nonce, std::string_view plain,
                    std::string_view bound);
std::optional<std::string> unseal_at(const CipherKey& key, const CipherNonce& nonce,
                                     std::string_view sealed, std::string_view bound);

// RFC 5869, 32 bytes.
CipherKey derive_key(std::string_view secret, std::string_view info, std::string_view salt = {});

// Overwrites it so that the compiler does not leave that out.
void wipe(std::span<std::uint8_t> bytes);
void wipe(std::string& text);

inline std::string_view view(const CipherKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

}  // namespace wenyuan::store
