#include "auth/identity/jwk.h"

#include <algorithm>
#include <set>

#include "auth/cedar/schema_json_text.h"
#include "auth/identity/public_keys.h"
#include "base/base64.h"

namespace wenyuan::auth {

using Type = VerificationKey::Type;
using Json = nlohmann::json;

namespace {

constexpr cedar::JsonLimits kLimits{.bytes_max = kJwksSizeMax, .depth_max = 8};
constexpr std::size_t kIdSizeMax = 256;

Error unusable(std::string why) { return {ErrorCode::unsupported_media, std::move(why)}; }

Result<std::string> text_of(const Json& jwk, const char* name) {
  const auto found = jwk.find(name);
  if (found == jwk.end() || !found->is_string()) {
    return unusable(std::string("the key lacks ") + name);
  }
  return found->get<std::string>();
}

Result<std::string> bytes_of(const Json& jwk, const char* name) {
  WY_TRY(const std::string text, text_of(jwk, name));
  auto bytes = from_base64url(text);
  if (!bytes) return unusable(std::string("the key's ") + name + " is not base64url");
  return *std::move(bytes);
}

// Both say the same: for checking signatures.
Status check_use(const Json& jwk) {
  if (const auto use = jwk.find("use"); use != jwk.end() && *use != "sig") {
    return unusable("the key is not for signatures");
  }
  const auto operations = jwk.find("key_ops");
  if (operations == jwk.end()) return Done{};
  if (operations->is_array() && std::ranges::count(*operations, Json("verify")) == 1) return Done{};
  return unusable("the key is not for checking signatures");
}

Result<Type> curve_of(const Json& jwk) {
  WY_TRY(const std::string curve, text_of(jwk, "crv"));
  if (curve == "P-256") return Type::ec256;
  if (curve == "P-384") return Type::ec384;
  if (curve == "P-521") return Type::ec521;
  return unusable("the curve is P-256, P-384 or P-521");
}

// Keys for encryption are never meant; of all others each name may stand for one key, usable or
// not.
bool has_repeated_id(const Json& keys) {
  std::set<std::string> ids;
  for (const Json& key : keys) {
    if (!key.is_object() || key.value("use", Json("sig")) == "enc") continue;
    const auto id = key.find("kid");
    if (id == key.end() || !id->is_string()) continue;
    if (!ids.insert(id->get<std::string>()).second) return true;
  }
  return false;
}

}  // namespace

struct JwkReader {
  static Result<VerificationKey> read_numbers(const Json& jwk) {
    WY_TRY(const std::string type, text_of(jwk, "kty"));
    if (type == "RSA") {
      WY_TRY(const std::string n, bytes_of(jwk, "n"));
      WY_TRY(const std::string e, bytes_of(jwk, "e"));
      WY_TRY(PublicKey key, rsa_public_key(n, e));
      return VerificationKey(Type::rsa, std::move(key), "");
    }
    if (type == "EC") {
      WY_TRY(const Type curve, curve_of(jwk));
      WY_TRY(const std::string x, bytes_of(jwk, "x"));
      WY_TRY(const std::string y, bytes_of(jwk, "y"));
      WY_TRY(PublicKey key, ec_public_key(curve, x, y));
      return VerificationKey(curve, std::move(key), "");
    }
    if (type == "OKP") {
      WY_TRY(const std::string curve, text_of(jwk, "crv"));
      if (curve != "Ed25519") return unusable("the curve is Ed25519");
      WY_TRY(const std::string x, bytes_of(jwk, "x"));
      WY_TRY(PublicKey key, ed25519_public_key(x));
      return VerificationKey(Type::ed25519, std::move(key), "");
    }
    if (type != "oct") return unusable("the type of the key is RSA, EC, OKP or oct");
    WY_TRY(std::string secret, bytes_of(jwk, "k"));
    return VerificationKey::from_secret(std::move(secret));
  }

  static Result<VerificationKey> read(const Json& jwk) {
    if (!jwk.is_object()) return unusable("a key is an object");
    WY_RETURN_IF_ERROR(check_use(jwk));
    WY_TRY(VerificationKey key, read_numbers(jwk));
    if (jwk.contains("kid")) {
      WY_TRY(key.id_, text_of(jwk, "kid"));
      if (key.id_.size() > kIdSizeMax) return unusable("the key's kid is too long");
    }
    if (!jwk.contains("alg")) return key;
    WY_TRY(const std::string named, text_of(jwk, "alg"));
    const auto algorithm = jws_algorithm(named);
    if (!algorithm || !key.fits(*algorithm)) {
      return unusable("the key's alg is not one for this key");
    }
    key.algorithm_ = algorithm;
    return key;
  }
};

Result<VerificationKey> parse_jwk(std::string_view json) {
  WY_TRY(const Json jwk, cedar::parse_strict_json(json, kLimits));
  return JwkReader::read(jwk);
}

Result<KeySet> parse_jwks(std::string_view json) {
  const Error refused{ErrorCode::invalid_argument, "that is not a JWK set"};
  const auto parsed = cedar::parse_strict_json(json, kLimits);
  if (!parsed || !parsed->is_object()) return refused;
  const auto keys = parsed->find("keys");
  if (keys == parsed->end() || !keys->is_array() || keys->size() > kJwksKeysMax) return refused;
  if (has_repeated_id(*keys)) {
    return Error{ErrorCode::invalid_argument, "two keys of the JWK set have one kid"};
  }
  KeySet set;
  for (const Json& one : *keys) {
    auto key = JwkReader::read(one);
    if (!key) {
      ++set.skipped;
      continue;
    }
    for (const VerificationKey& other : set.keys) {
      if ((other.type() == Type::symmetric) != (key->type() == Type::symmetric)) {
        return Error{ErrorCode::invalid_argument, "the JWK set mixes secrets with public keys"};
      }
    }
    set.keys.push_back(*std::move(key));
  }
  return set;
}

}  // namespace wenyuan::auth
