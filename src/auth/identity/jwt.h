// Checks JSON Web Signatures and Tokens: RFC 7515, RFC 7519, and what RFC 8725 asks for.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/jwk.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::auth {

constexpr std::size_t kJwsSizeMax = 16 * 1024;
constexpr std::size_t kJwsHeaderSizeMax = 4 * 1024;

struct VerifiedJws {
  std::string type;    // "typ" in small letters, without "application/"; may be empty
  std::string key_id;  // "kid" of the header
  JwsAlgorithm algorithm = JwsAlgorithm::rs256;
  std::string payload;
};

// What a header says before anything is checked: only for choosing where to look for keys.
struct JwsHint {
  std::string key_id;
  std::string issuer;  // of the claims; empty when it has none
};
std::optional<JwsHint> peek_jws(std::string_view token);

// Whether a text could be a compact JWS, so that an API key is not taken for one.
bool has_jws_form(std::string_view text);

// Compact form. Exactly one key is tried: the one that the header names, or, without a name, the
// only one that fits. unauthenticated for everything wrong; the message says what, and quotes
// nothing. Never "none"; never a key out of the token itself; never an unknown "crit".
Result<VerifiedJws> verify_jws(std::string_view token, const KeySet& keys,
                               const std::vector<JwsAlgorithm>& allowed);

struct JwtRules {
  std::string issuer;
  std::string audience;
  std::vector<JwsAlgorithm> algorithms;
  // "typ" in small letters; "" allows a token without one.
  std::vector<std::string> types = {"", "jwt"};
  UnixMillis skew_ms = 60'000;
  UnixMillis age_ms_max = UnixMillis{24} * 60 * 60 * 1000;  // since "iat"; also of its whole life
  bool issued_at_required = false;
};

// Claims that passed. Cheap to move.
class JwtClaims {
 public:
  explicit JwtClaims(nlohmann::json claims);
  JwtClaims(JwtClaims&&) noexcept;
  JwtClaims& operator=(JwtClaims&&) noexcept;
  ~JwtClaims();

  const nlohmann::json& all() const { return *claims_; }
  // The claim when it is a text.
  std::optional<std::string> text(std::string_view name) const;
  // A text, or a list of texts.
  std::vector<std::string> texts(std::string_view name) const;
  // Seconds since 1970.
  std::optional<double> number(std::string_view name) const;
  UnixMillis expires_at() const { return expires_at_; }

 private:
  friend Result<JwtClaims> check_claims(std::string_view payload, const JwtRules& rules,
                                        UnixMillis now);
  std::unique_ptr<nlohmann::json> claims_;
  UnixMillis expires_at_ = 0;
};

// Signature, header and the claims iss, aud, exp, nbf, iat.
Result<JwtClaims> verify_jwt(std::string_view token, const KeySet& keys, const JwtRules& rules,
                             UnixMillis now);
// The claims alone, for what has come over a connection that vouches for them.
Result<JwtClaims> check_claims(std::string_view payload, const JwtRules& rules, UnixMillis now);

}  // namespace wenyuan::auth
