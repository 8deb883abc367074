// Keys for checking signatures, read from JSON Web Keys (RFC 7517, RFC 7518, RFC 8037).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct evp_pkey_st;

namespace wenyuan::auth {

enum class JwsAlgorithm {
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa,
  hs256,
  hs384,
  hs512,
};

std::string_view name(JwsAlgorithm algorithm);
std::optional<JwsAlgorithm> jws_algorithm(std::string_view name);  // never "none"
bool is_symmetric(JwsAlgorithm algorithm);

struct FreePublicKey {
  void operator()(evp_pkey_st* key) const;
};
using PublicKey = std::unique_ptr<evp_pkey_st, FreePublicKey>;

// One key. Move-only; const use is thread-safe.
class VerificationKey {
 public:
  enum class Type { rsa, ec256, ec384, ec521, ed25519, symmetric };

  // Symmetric, of at least 32 bytes.
  static Result<VerificationKey> from_secret(std::string secret);
  // A PEM or DER SubjectPublicKeyInfo; for the same kinds and sizes of keys as in JWKs.
  static Result<VerificationKey> from_public_key(std::string_view pem_or_der);
  VerificationKey(VerificationKey&&) noexcept = default;
  VerificationKey& operator=(VerificationKey&&) noexcept = default;
  ~VerificationKey();

  // RFC 7518: ECDSA signatures are r and s of full length, side by side.
  bool verify(JwsAlgorithm algorithm, std::string_view message, std::string_view signature) const;
  // Whether the algorithm is for this type of key, and the one that the key names, if any.
  bool fits(JwsAlgorithm algorithm) const;
  // SubjectPublicKeyInfo; empty for a symmetric key.
  std::string public_der() const;

  const std::string& id() const { return id_; }
  Type type() const { return type_; }

 private:
  friend struct JwkReader;
  VerificationKey(Type type, PublicKey key, std::string secret)
      : type_(type), key_(std::move(key)), secret_(std::move(secret)) {}

  Type type_;
  PublicKey key_;
  std::string secret_;
  std::string id_;                         // "kid"; may be empty
  std::optional<JwsAlgorithm> algorithm_;  // "alg"
};

struct KeySet {
  std::vector<VerificationKey> keys;
  int skipped = 0;  // for encryption, of an unknown kind, or too weak
};

constexpr std::size_t kJwksSizeMax = 256 * 1024;
constexpr std::size_t kJwksKeysMax = 64;

// One JWK. unsupported_media for one that is not for checking signatures, or weak.
Result<VerificationKey> parse_jwk(std::string_view json);
// A JWK Set. What cannot be used is skipped; a set that mixes secrets with public keys, or gives
// two keys one name, is refused whole.
Result<KeySet> parse_jwks(std::string_view json);

}  // namespace wenyuan::auth
