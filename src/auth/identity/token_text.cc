#include "auth/identity/token_text.h"

#include <array>
#include <cstdint>

#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {

std::string new_token(std::string_view head) {
  std::array<std::uint8_t, 32> bytes{};
  random_bytes(bytes);
  return std::string(head) + to_base64url(bytes);
}

bool has_head(std::string_view token, std::string_view head) {
  return token.size() > head.size() && token.size() <= kTokenSizeMax && token.starts_with(head);
}

Result<KeyMac> token_mac(const KeySecret& secret, std::string_view kind, std::string_view token) {
  std::string text(kind);
  text += '\0';
  text += token.substr(0, kTokenSizeMax + 1);
  return secret.mac(text);
}

}  // namespace wenyuan::auth
