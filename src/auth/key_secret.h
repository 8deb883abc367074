// The secret under which API keys are stored, and what is computed with it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/key_ring.h"

namespace wenyuan::auth {

using KeyMac = std::array<std::uint8_t, 32>;

// Thread-safe. The secret is wiped when the object goes.
class KeySecret {
 public:
  // The store's own, which is derived from its keys.
  static Result<KeySecret> open(const store::KeyRing& keys);
  explicit KeySecret(const store::CipherKey& key) : bytes_(key.begin(), key.end()) {}
  KeySecret(KeySecret&&) noexcept = default;
  KeySecret& operator=(KeySecret&&) noexcept = default;
  ~KeySecret();

  // HMAC-SHA256 of the text.
  Result<KeyMac> mac(std::string_view text) const;

 private:
  std::string bytes_;
};

// In a time that depends on the sizes alone.
bool same_bytes(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right);

}  // namespace wenyuan::auth
