// The secret beside the database under which API keys are stored, and what is computed with it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::auth {

using KeyMac = std::array<std::uint8_t, 32>;

// Thread-safe once open. The secret is wiped when the object goes.
class KeySecret {
 public:
  // Reads `directory`/auth.key, or makes it (32 random bytes, mode 0600, on disk on return).
  // corrupt for a file of another size, forbidden when others than its owner may read it.
  static Result<KeySecret> open(const std::filesystem::path& directory);
  KeySecret(KeySecret&&) noexcept = default;
  KeySecret& operator=(KeySecret&&) noexcept = default;
  ~KeySecret();

  // HMAC-SHA256 of the text.
  Result<KeyMac> mac(std::string_view text) const;

 private:
  explicit KeySecret(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string bytes_;
};

// In a time that depends on the sizes alone.
bool same_bytes(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right);

}  // namespace wenyuan::auth
