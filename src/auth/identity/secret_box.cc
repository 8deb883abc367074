#include "auth/identity/secret_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/id.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kPlainSizeMax = 64 * 1024;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The same label never makes an API key's MAC: those are of texts of at least 32 characters that
// do not begin like this.
Result<KeyMac> box_key(const KeySecret& secret, std::string_view purpose) {
  return secret.mac("secret box: " + std::string(purpose));
}

std::string bound_data(std::string_view purpose, std::string_view context) {
  std::string text(purpose);
  text += '\0';
  text += context;
  return text;
}

Error failed() { return {ErrorCode::internal, "AES-256-GCM failed"}; }

}  // namespace

Result<std::vector<std::uint8_t>> seal_secret(const KeySecret& secret, std::string_view purpose,
                                              std::string_view context, std::string_view plain) {
  if (plain.size() > kPlainSizeMax) return Error{ErrorCode::too_large, "the secret is too long"};
  WY_TRY(KeyMac key, box_key(secret, purpose));
  const std::string bound = bound_data(purpose, context);
  std::vector<std::uint8_t> sealed(kNonceSize + plain.size() + kTagSize);
  random_bytes(std::span(sealed).first(kNonceSize));
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool done =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data()) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(bound),
                        static_cast<int>(bound.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), sealed.data() + kNonceSize, &size, bytes_of(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), sealed.data() + kNonceSize + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                          sealed.data() + kNonceSize + plain.size()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!done) return failed();
  return sealed;
}

Result<std::string> open_secret(const KeySecret& secret, std::string_view purpose,
                                std::string_view context, std::span<const std::uint8_t> sealed) {
  const Error wrong{ErrorCode::corrupt, "a sealed secret does not open: it was changed on disk"};
  if (sealed.size() < kNonceSize + kTagSize ||
      sealed.size() > kNonceSize + kTagSize + kPlainSizeMax) {
    return wrong;
  }
  WY_TRY(KeyMac key, box_key(secret, purpose));
  const std::string bound = bound_data(purpose, context);
  const auto body = sealed.subspan(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  std::array<std::uint8_t, kTagSize> tag{};
  std::copy(sealed.end() - kTagSize, sealed.end(), tag.begin());
  std::string plain(body.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool done =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data()) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(bound),
                        static_cast<int>(bound.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), out, &size, body.data(), static_cast<int>(body.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), out + size, &size) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!done) return wrong;
  return plain;
}

}  // namespace wenyuan::auth
