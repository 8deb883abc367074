#include "audit/cipher.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>

#include "base/assert.h"
#include "base/id.h"

namespace wenyuan::audit {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using Kdf = std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)>;

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text, std::size_t at = 0) {
  return reinterpret_cast<unsigned char*>(text.data() + at);
}
// Looking an algorithm up takes longer than using it.
const EVP_CIPHER* aes_256_gcm() {
  static const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(
      EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), EVP_CIPHER_free);
  WY_ASSERT(cipher != nullptr);
  return cipher.get();
}
EVP_KDF* hkdf() {
  static const Kdf kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
  WY_ASSERT(kdf != nullptr);
  return kdf.get();
}

int size_of(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

// What OpenSSL says no to here is a lack of memory or of the algorithm, so it is asserted.
std::string seal(const CipherKey& key, std::string_view plain, std::string_view bound) {
  std::string sealed(kNonceSize + plain.size() + kTagSize, '\0');
  random_bytes({raw(sealed), kNonceSize});
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  WY_ASSERT(context != nullptr);
  int size = 0;
  WY_ASSERT(EVP_EncryptInit_ex(context.get(), aes_256_gcm(), nullptr, key.data(), raw(sealed)) ==
            1);
  WY_ASSERT(EVP_EncryptUpdate(context.get(), nullptr, &size, raw(bound), size_of(bound)) == 1);
  WY_ASSERT(EVP_EncryptUpdate(context.get(), raw(sealed, kNonceSize), &size, raw(plain),
                              size_of(plain)) == 1);
  WY_ASSERT(EVP_EncryptFinal_ex(context.get(), raw(sealed, kNonceSize + plain.size()), &size) == 1);
  WY_ASSERT(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                                raw(sealed, kNonceSize + plain.size())) == 1);
  return sealed;
}

std::optional<std::string> unseal(const CipherKey& key, std::string_view sealed,
                                  std::string_view bound) {
  if (sealed.size() < kNonceSize + kTagSize) return std::nullopt;
  const std::string_view body = sealed.substr(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  std::string plain(body.size() + 1, '\0');  // a place to point to, even for nothing
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  WY_ASSERT(context != nullptr);
  int size = 0;
  WY_ASSERT(EVP_DecryptInit_ex(context.get(), aes_256_gcm(), nullptr, key.data(), raw(sealed)) ==
            1);
  WY_ASSERT(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, raw(tag)) == 1);
  WY_ASSERT(EVP_DecryptUpdate(context.get(), nullptr, &size, raw(bound), size_of(bound)) == 1);
  WY_ASSERT(EVP_DecryptUpdate(context.get(), raw(plain), &size, raw(body), size_of(body)) == 1);
  if (EVP_DecryptFinal_ex(context.get(), raw(plain, body.size()), &size) != 1) return std::nullopt;
  plain.resize(body.size());
  return plain;
}

CipherKey derive_key(std::string_view secret, std::string_view info) {
  const KdfContext context(EVP_KDF_CTX_new(hkdf()), EVP_KDF_CTX_free);
  WY_ASSERT(context != nullptr);
  std::string digest = "SHA256";
  std::string key_copy(secret);
  std::string info_copy(info);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy.data(), key_copy.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_copy.data(), info_copy.size()),
      OSSL_PARAM_construct_end()};
  CipherKey key{};
  WY_ASSERT(EVP_KDF_derive(context.get(), key.data(), key.size(), parameters) == 1);
  return key;
}

}  // namespace wenyuan::audit
