#include "auth/identity/public_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <vector>

namespace wenyuan::auth {
namespace {

using Type = VerificationKey::Type;

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Error unusable(std::string why) { return {ErrorCode::unsupported_media, std::move(why)}; }

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Nemec and others, CCS 2017: moduli of one faulty library are powers of 65537 modulo every small
// prime, which no other modulus of this size is.
bool has_roca_form(const BIGNUM* modulus) {
  constexpr unsigned kPrimes[] = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                  47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                  107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
  return std::ranges::all_of(kPrimes, [&](unsigned prime) {
    const auto rest = static_cast<unsigned>(BN_mod_word(modulus, prime));
    unsigned power = 1;
    do {
      if (power == rest) return true;
      power = power * (65537U % prime) % prime;
    } while (power != 1);
    return false;
  });
}

Result<PublicKey> built(const char* algorithm, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return unusable("the numbers of the key do not make one");
  }
  PublicKey key(made);
  const Owned<EVP_PKEY_CTX> check(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) {
    return unusable("the numbers of the key do not make one");
  }
  return key;
}

Status check_rsa(const BIGNUM* modulus, const BIGNUM* exponent) {
  const int bits = BN_num_bits(modulus);
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return unusable("an RSA key has 2048 to 8192 bits here");
  }
  if (!BN_is_odd(exponent) || BN_is_one(exponent) || BN_num_bits(exponent) > 64) {
    return unusable("the RSA exponent is not a fit one");
  }
  if (!BN_is_odd(modulus) || has_roca_form(modulus)) return unusable("the RSA key is a weak one");
  return Done{};
}

Owned<BIGNUM> number_of(const PublicKey& key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), name, &number);
  return Owned<BIGNUM>(number);
}

}  // namespace

std::size_t coordinate_size(Type curve) {
  if (curve == Type::ec256) return 32;
  return curve == Type::ec384 ? 48 : 66;
}

Result<PublicKey> rsa_public_key(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kRsaBitsMax / 8 + 1 || exponent.empty() || exponent.size() > 8) {
    return unusable("the RSA key has a wrong size");
  }
  const Owned<BIGNUM> n(BN_bin2bn(bytes_of(modulus), static_cast<int>(modulus.size()), nullptr));
  const Owned<BIGNUM> e(BN_bin2bn(bytes_of(exponent), static_cast<int>(exponent.size()), nullptr));
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder) return Error{ErrorCode::internal, "OpenSSL has no memory"};
  WY_RETURN_IF_ERROR(check_rsa(n.get(), e.get()));
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return built("RSA", builder.get());
}

Result<PublicKey> ec_public_key(Type curve, std::string_view x, std::string_view y) {
  const std::size_t size = coordinate_size(curve);
  if (x.size() != size || y.size() != size) {
    return unusable("a coordinate of the key has a wrong size");
  }
  std::string point(1, '\x04');
  point += x;
  point += y;
  const char* group = curve == Type::ec256 ? "P-256" : curve == Type::ec384 ? "P-384" : "P-521";
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!builder) return Error{ErrorCode::internal, "OpenSSL has no memory"};
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return built("EC", builder.get());
}

Result<PublicKey> ed25519_public_key(std::string_view x) {
  if (x.size() != 32) return unusable("an Ed25519 key has 32 bytes");
  PublicKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size()));
  if (!key) return unusable("the bytes do not make an Ed25519 key");
  return key;
}

Result<Type> checked_type(const PublicKey& key) {
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA: {
      const auto n = number_of(key, OSSL_PKEY_PARAM_RSA_N);
      const auto e = number_of(key, OSSL_PKEY_PARAM_RSA_E);
      if (!n || !e) return unusable("the RSA key lacks a number");
      WY_RETURN_IF_ERROR(check_rsa(n.get(), e.get()));
      return Type::rsa;
    }
    case EVP_PKEY_ED25519: return Type::ed25519;
    case EVP_PKEY_EC: break;
    default: return unusable("keys are RSA, EC (P-256, P-384, P-521) or Ed25519");
  }
  char group[32] = {};
  std::size_t size = 0;
  EVP_PKEY_get_group_name(key.get(), group, sizeof group, &size);
  const std::string_view curve(group, std::min(size, sizeof group));
  if (curve == "prime256v1" || curve == "P-256") return Type::ec256;
  if (curve == "secp384r1" || curve == "P-384") return Type::ec384;
  if (curve == "secp521r1" || curve == "P-521") return Type::ec521;
  return unusable("the curve is P-256, P-384 or P-521");
}

}  // namespace wenyuan::auth
