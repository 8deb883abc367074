// Keeps small secrets in the database, sealed under a key that lies beside it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/key_secret.h"
#include "base/result.h"

namespace wenyuan::auth {

// AES-256-GCM under a key made from the store's and `purpose`: nonce (12 bytes), ciphertext, tag
// (16). `context` names the row, so that a sealed secret copied to another row does not open.
Result<std::vector<std::uint8_t>> seal_secret(const KeySecret& secret, std::string_view purpose,
                                              std::string_view context, std::string_view plain);

// corrupt when it was sealed under another key, for another row, or changed.
Result<std::string> open_secret(const KeySecret& secret, std::string_view purpose,
                                std::string_view context, std::span<const std::uint8_t> sealed);

}  // namespace wenyuan::auth
