#include "store/cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <memory>

#include "base/assert.h"
#include "base/id.h"

namespace wenyuan::store {
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

// What OpenSSL says no to here is a lack of memory or of the algorithm, so it is asserted.
// `sealed` has room for ciphertext and tag.
void encrypt(const CipherKey& key, const unsigned char* nonce, std::string_view plain,
             std::string_view bound, unsigned char* sealed) {
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  WY_ASSERT(context != nullptr);
  int size = 0;
  WY_ASSERT(EVP_EncryptInit_ex(context.get(), aes_256_gcm(), nullptr, key.data(), nonce) == 1);
  WY_ASSERT(EVP_EncryptUpdate(context.get(), nullptr, &size, raw(bound), size_of(bound)) == 1);
  WY_ASSERT(EVP_EncryptUpdate(context.get(), sealed, &size, raw(plain), size_of(plain)) == 1);
  WY_ASSERT(EVP_EncryptFinal_ex(context.get(), sealed + plain.size(), &size) == 1);
  WY_ASSERT(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                                sealed + plain.size()) == 1);
}

std::optional<std::string> decrypt(const CipherKey& key, const unsigned char* nonce,
                                   std::string_view sealed, std::string_view bound) {
  if (sealed.size() < kTagSize) return std::nullopt;
  const std::string_view body = sealed.substr(0, sealed.size() - kTagSize);
  std::string tag(sealed.substr(body.size()));
  std::string plain(body.size() + 1, '\0');  // a place to point to, even for nothing
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  WY_ASSERT(context != nullptr);
  int size = 0;
  WY_ASSERT(EVP_DecryptInit_ex(context.get(), aes_256_gcm(), nullptr, key.data(), nonce) == 1);
  WY_ASSERT(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, raw(tag)) == 1);
  WY_ASSERT(EVP_DecryptUpdate(context.get(), nullptr, &size, raw(bound), size_of(bound)) == 1);
  WY_ASSERT(EVP_DecryptUpdate(context.get(), raw(plain), &size, raw(body), size_of(body)) == 1);
  if (EVP_DecryptFinal_ex(context.get(), raw(plain, body.size()), &size) != 1) {
    wipe(plain);
    return std::nullopt;
  }
  plain.resize(body.size());
  return plain;
}

}  // namespace

std::string seal(const CipherKey& key, std::string_view plain, std::string_view bound) {
  std::string sealed(kSealedOverhead + plain.size(), '\0');
  random_bytes({raw(sealed), kNonceSize});
  encrypt(key, raw(sealed), plain, bound, raw(sealed, kNonceSize));
  return sealed;
}

std::optional<std::string> unseal(const CipherKey& key, std::string_view sealed,
                                  std::string_view bound) {
  if (sealed.size() < kSealedOverhead) return std::nullopt;
  return decrypt(key, raw(sealed), sealed.substr(kNonceSize), bound);
}

std::optional<CipherKey> unseal_key(const CipherKey& key, std::string_view sealed,
                                    std::string_view bound) {
  auto plain = unseal(key, sealed, bound);
  if (!plain) return std::nullopt;
  CipherKey found{};
  const bool fits = plain->size() == found.size();
  if (fits) std::copy(plain->begin(), plain->end(), found.begin());
  wipe(*plain);
  return fits ? std::optional(found) : std::nullopt;
}

std::string seal_at(const CipherKey& key, const CipherNonce& nonce, std::string_view plain,
                    std::string_view bound) {
  std::string sealed(plain.size() + kTagSize, '\0');
  encrypt(key, nonce.data(), plain, bound, raw(sealed));
  return sealed;
}

std::optional<std::string> unseal_at(const CipherKey& key, const CipherNonce& nonce,
                                     std::string_view sealed, std::string_view bound) {
  return decrypt(key, nonce.data(), sealed, bound);
}

CipherKey derive_key(std::string_view secret, std::string_view info, std::string_view salt) {
  const KdfContext context(EVP_KDF_CTX_new(hkdf()), EVP_KDF_CTX_free);
  WY_ASSERT(context != nullptr);
  std::string digest = "SHA256";
  std::string key_copy(secret);
  std::string info_copy(info);
  std::string salt_copy(salt);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy.data(), key_copy.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_copy.data(), info_copy.size()),
      // Last, because an empty salt is none.
      salt.empty() ? OSSL_PARAM_construct_end()
                   : OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy.data(),
                                                       salt_copy.size()),
      OSSL_PARAM_construct_end()};
  CipherKey key{};
  WY_ASSERT(EVP_KDF_derive(context.get(), key.data(), key.size(), parameters) == 1);
  wipe(key_copy);
  return key;
}

void wipe(std::span<std::uint8_t> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }
void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

}  // namespace wenyuan::store
