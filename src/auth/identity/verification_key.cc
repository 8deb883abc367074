// The half of jwk.h that checks signatures.
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>

#include "auth/identity/jwk.h"
#include "auth/identity/public_keys.h"
#include "auth/key_secret.h"

namespace wenyuan::auth {
namespace {

using Type = VerificationKey::Type;

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Traits {
  JwsAlgorithm algorithm;
  std::string_view name;
  Type type;
  int bits;  // of the hash; 0: the algorithm brings its own
  bool pss;
};

constexpr Traits kTraits[] = {
    {JwsAlgorithm::rs256, "RS256", Type::rsa, 256, false},
    {JwsAlgorithm::rs384, "RS384", Type::rsa, 384, false},
    {JwsAlgorithm::rs512, "RS512", Type::rsa, 512, false},
    {JwsAlgorithm::ps256, "PS256", Type::rsa, 256, true},
    {JwsAlgorithm::ps384, "PS384", Type::rsa, 384, true},
    {JwsAlgorithm::ps512, "PS512", Type::rsa, 512, true},
    {JwsAlgorithm::es256, "ES256", Type::ec256, 256, false},
    {JwsAlgorithm::es384, "ES384", Type::ec384, 384, false},
    {JwsAlgorithm::es512, "ES512", Type::ec521, 512, false},
    {JwsAlgorithm::eddsa, "EdDSA", Type::ed25519, 0, false},
    {JwsAlgorithm::hs256, "HS256", Type::symmetric, 256, false},
    {JwsAlgorithm::hs384, "HS384", Type::symmetric, 384, false},
    {JwsAlgorithm::hs512, "HS512", Type::symmetric, 512, false},
};

const Traits& traits(JwsAlgorithm algorithm) {
  for (const Traits& one : kTraits) {
    if (one.algorithm == algorithm) return one;
  }
  WY_ASSERT(false);
  return kTraits[0];
}

const EVP_MD* digest_of(int bits) {
  if (bits == 256) return EVP_sha256();
  if (bits == 384) return EVP_sha384();
  return bits == 512 ? EVP_sha512() : nullptr;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool verify_mac(const Traits& use, std::string_view secret, std::string_view message,
                std::string_view signature) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(digest_of(use.bits), secret.data(), static_cast<int>(secret.size()), bytes_of(message),
           message.size(), mac.data(), &size) == nullptr) {
    return false;
  }
  return same_bytes(std::span(mac).first(size), {bytes_of(signature), signature.size()});
}

// As OpenSSL wants it: r and s in ASN.1. Empty when the size is wrong.
std::string der_signature(Type curve, std::string_view signature) {
  const std::size_t size = coordinate_size(curve);
  if (signature.size() != 2 * size) return {};
  const Owned<ECDSA_SIG> pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(signature), static_cast<int>(size), nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + size, static_cast<int>(size), nullptr);
  if (!pair || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int der_size = i2d_ECDSA_SIG(pair.get(), &der);
  const Owned<unsigned char> owned(der);
  if (der_size <= 0) return {};
  return {reinterpret_cast<const char*>(der), static_cast<std::size_t>(der_size)};
}

bool verify_public(const Traits& use, evp_pkey_st* key, std::string_view message,
                   std::string_view signature) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  if (!context ||
      EVP_DigestVerifyInit(context.get(), &parameters, digest_of(use.bits), nullptr, key) != 1) {
    return false;
  }
  if (use.pss) {
    if (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1) {
      return false;
    }
  }
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

PublicKey read_public_key(std::string_view text) {
  if (text.starts_with("-----BEGIN PUBLIC KEY-----")) {
    const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    return PublicKey(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  }
  const unsigned char* at = bytes_of(text);
  PublicKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(text.size())));
  if (at != bytes_of(text) + text.size()) return nullptr;
  return key;
}

}  // namespace

void FreePublicKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

std::string_view name(JwsAlgorithm algorithm) { return traits(algorithm).name; }

std::optional<JwsAlgorithm> jws_algorithm(std::string_view name) {
  for (const Traits& one : kTraits) {
    if (one.name == name) return one.algorithm;
  }
  return std::nullopt;
}

bool is_symmetric(JwsAlgorithm algorithm) { return traits(algorithm).type == Type::symmetric; }

VerificationKey::~VerificationKey() { OPENSSL_cleanse(secret_.data(), secret_.size()); }

Result<VerificationKey> VerificationKey::from_secret(std::string secret) {
  if (secret.size() < 32 || secret.size() > 4096) {
    return Error{ErrorCode::unsupported_media, "a shared secret has 32 to 4096 bytes"};
  }
  return VerificationKey(Type::symmetric, nullptr, std::move(secret));
}

Result<VerificationKey> VerificationKey::from_public_key(std::string_view pem_or_der) {
  if (pem_or_der.size() > 16 * 1024) return Error{ErrorCode::too_large, "the key is too long"};
  PublicKey key = read_public_key(pem_or_der);
  if (!key) return Error{ErrorCode::unsupported_media, "that is no public key in PEM"};
  WY_TRY(const Type type, checked_type(key));
  return VerificationKey(type, std::move(key), "");
}

bool VerificationKey::fits(JwsAlgorithm algorithm) const {
  const Traits& use = traits(algorithm);
  if (use.type != type_ || (algorithm_ && *algorithm_ != algorithm)) return false;
  // RFC 7518, section 3.2: a secret is at least as long as the hash.
  return type_ != Type::symmetric || secret_.size() * 8 >= static_cast<std::size_t>(use.bits);
}

bool VerificationKey::verify(JwsAlgorithm algorithm, std::string_view message,
                             std::string_view signature) const {
  if (!fits(algorithm)) return false;
  const Traits& use = traits(algorithm);
  switch (type_) {
    case Type::symmetric: return verify_mac(use, secret_, message, signature);
    case Type::rsa:
      return signature.size() == static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())) &&
             verify_public(use, key_.get(), message, signature);
    case Type::ed25519: return verify_public(use, key_.get(), message, signature);
    case Type::ec256:
    case Type::ec384:
    case Type::ec521: {
      const std::string der = der_signature(type_, signature);
      return !der.empty() && verify_public(use, key_.get(), message, der);
    }
  }
  return false;
}

std::string VerificationKey::public_der() const {
  if (!key_) return {};
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  const Owned<unsigned char> owned(der);
  if (size <= 0) return {};
  return {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)};
}

}  // namespace wenyuan::auth
