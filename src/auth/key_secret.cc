#include "auth/key_secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace wenyuan::auth {

Result<KeySecret> KeySecret::open(const store::KeyRing& keys) {
  WY_TRY(store::CipherKey key, keys.purpose_key("auth"));
  KeySecret secret(key);
  store::wipe(key);
  return secret;
}

KeySecret::~KeySecret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Result<KeyMac> KeySecret::mac(std::string_view text) const {
  KeyMac mac{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()), bytes, text.size(),
           mac.data(), &size) == nullptr ||
      size != mac.size()) {
    return Error{ErrorCode::internal, "HMAC-SHA256 failed"};
  }
  return mac;
}

bool same_bytes(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace wenyuan::auth
