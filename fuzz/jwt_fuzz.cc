// Tokens, keys and sets of keys from strangers: read without harm, and never believed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/identity/jwt.h"
#include "base/base64.h"

namespace {

using namespace wenyuan::auth;

const KeySet& keys() {
  static const KeySet set = [] {
    KeySet made;
    auto secret = VerificationKey::from_secret("a secret that no input can know, 32 bytes");
    if (!secret) std::abort();
    made.keys.push_back(*std::move(secret));
    return made;
  }();
  return set;
}

JwtRules rules() {
  JwtRules wanted;
  wanted.issuer = "https://id.example";
  wanted.audience = "wenyuan";
  wanted.algorithms = {JwsAlgorithm::hs256, JwsAlgorithm::rs256, JwsAlgorithm::es256,
                       JwsAlgorithm::eddsa};
  return wanted;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      static_cast<void>(peek_jws(text));
      if (verify_jwt(text, keys(), rules(), 1'700'000'000'000)) std::abort();
      break;
    case 1: {
      // A set of the input's own: its tokens must still be signed.
      const std::size_t cut = text.find('\n');
      if (cut == std::string_view::npos) break;
      const auto set = parse_jwks(text.substr(0, cut));
      if (set) static_cast<void>(verify_jws(text.substr(cut + 1), *set, rules().algorithms));
      break;
    }
    case 2: static_cast<void>(parse_jwk(text)); break;
    default: static_cast<void>(check_claims(text, rules(), 1'700'000'000'000)); break;
  }
  return 0;
}
