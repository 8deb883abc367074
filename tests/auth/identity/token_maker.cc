#include "tests/auth/identity/token_maker.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "base/text.h"

namespace wenyuan::auth {
namespace {

using nlohmann::json;

const EVP_MD* digest_of(const std::string& algorithm) {
  if (algorithm == "EdDSA") return nullptr;
  if (algorithm.ends_with("256")) return EVP_sha256();
  return algorithm.ends_with("384") ? EVP_sha384() : EVP_sha512();
}

std::size_t coordinate_size(const std::string& algorithm) {
  if (algorithm == "ES256") return 32;
  return algorithm == "ES384" ? 48 : 66;
}

std::string number_of(EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw std::runtime_error(name);
  if (size == 0) size = static_cast<std::size_t>(BN_num_bytes(number));
  std::vector<unsigned char> bytes(size);
  BN_bn2binpad(number, bytes.data(), static_cast<int>(size));
  BN_free(number);
  return {bytes.begin(), bytes.end()};
}

EVP_PKEY* generated(const std::string& algorithm) {
  if (algorithm == "EdDSA") return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (algorithm == "ES256") return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  if (algorithm == "ES384") return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
  if (algorithm == "ES512") return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-521");
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
}

// r and s side by side, out of ASN.1.
std::string plain_signature(const std::string& der, std::size_t size) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::vector<unsigned char> bytes(2 * size);
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), bytes.data(), static_cast<int>(size));
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), bytes.data() + size, static_cast<int>(size));
  ECDSA_SIG_free(pair);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string base64url(std::string_view text) {
  return to_base64url({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void TokenMaker::FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

TokenMaker::TokenMaker(const std::string& algorithm, std::string key_id)
    : algorithm_(algorithm), key_id_(std::move(key_id)) {
  if (algorithm.starts_with("HS")) {
    secret_ = "a secret of " + key_id_ + " that is as long as the longest hash we know: 64 bytes";
  } else {
    key_.reset(generated(algorithm));
    if (!key_) throw std::runtime_error("no key for " + algorithm);
  }
}
TokenMaker::~TokenMaker() = default;
TokenMaker::TokenMaker(TokenMaker&&) noexcept = default;
TokenMaker& TokenMaker::operator=(TokenMaker&&) noexcept = default;

json TokenMaker::jwk() const {
  json jwk = {{"kid", key_id_}, {"alg", algorithm_}, {"use", "sig"}};
  if (!key_) {
    jwk["kty"] = "oct";
    jwk["k"] = base64url(secret_);
  } else if (algorithm_ == "EdDSA") {
    std::array<unsigned char, 32> bytes{};
    std::size_t size = bytes.size();
    EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size);
    jwk["kty"] = "OKP";
    jwk["crv"] = "Ed25519";
    jwk["x"] = to_base64url(bytes);
  } else if (algorithm_.starts_with("ES")) {
    const std::size_t size = coordinate_size(algorithm_);
    jwk["kty"] = "EC";
    jwk["crv"] = size == 32 ? "P-256" : size == 48 ? "P-384" : "P-521";
    jwk["x"] = base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, size));
    jwk["y"] = base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size));
  } else {
    jwk["kty"] = "RSA";
    jwk["n"] = base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0));
    jwk["e"] = base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0));
  }
  return jwk;
}

std::string TokenMaker::public_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key_.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string TokenMaker::sign(std::string_view message) const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  const EVP_MD* digest = digest_of(algorithm_);
  if (!key_) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(digest, secret_.data(), static_cast<int>(secret_.size()), bytes, message.size(),
         mac.data(), &size);
    return {mac.begin(), mac.begin() + size};
  }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  EVP_DigestSignInit(context, &parameters, digest, nullptr, key_.get());
  if (algorithm_.starts_with("PS")) {
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
  }
  std::size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, bytes, message.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                 message.size());
  EVP_MD_CTX_free(context);
  signature.resize(size);
  if (algorithm_.starts_with("ES")) return plain_signature(signature, coordinate_size(algorithm_));
  return signature;
}

std::string TokenMaker::token_of(std::string_view header, std::string_view payload) const {
  const std::string signed_text = base64url(header) + "." + base64url(payload);
  return signed_text + "." + base64url(sign(signed_text));
}

std::string TokenMaker::token(const json& claims, const json& header) const {
  return token_of(header.dump(), claims.dump());
}

std::string TokenMaker::token(const json& claims) const {
  return token(claims, {{"alg", algorithm_}, {"kid", key_id_}, {"typ", "JWT"}});
}

}  // namespace wenyuan::auth
