// Makes OpenSSL keys out of the numbers in a JWK, and refuses weak ones.
#pragma once

#include <string>
#include <string_view>

#include "auth/identity/jwk.h"

namespace wenyuan::auth {

// Big-endian modulus and exponent. unsupported_media below 2048 bits, above 8192, for an exponent
// that is even or 1, and for keys of the kind that ROCA breaks.
Result<PublicKey> rsa_public_key(std::string_view modulus, std::string_view exponent);
// Coordinates of full length, on the curve.
Result<PublicKey> ec_public_key(VerificationKey::Type curve, std::string_view x,
                                std::string_view y);
Result<PublicKey> ed25519_public_key(std::string_view x);

// What a key is, when it is one of the kinds and sizes above.
Result<VerificationKey::Type> checked_type(const PublicKey& key);

// Bytes of one coordinate: 32, 48 or 66.
std::size_t coordinate_size(VerificationKey::Type curve);

}  // namespace wenyuan::auth
