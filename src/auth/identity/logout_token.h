// The word of a provider that somebody has signed out there: OpenID Connect Back-Channel
// Logout 1.0.
#pragma once

#include <string>

#include "auth/identity/jwt.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::auth {

struct LogoutNotice {
  std::string id;       // "jti": each is taken once
  std::string subject;  // whose sessions; may be empty
  std::string session;  // "sid", which one there; may be empty, but not both
  UnixMillis expires_at = 0;
};

// How a logout token differs from an ID token; an ID token never passes.
JwtRules logout_rules(const std::string& issuer, const std::string& audience);

// Section 2.6, for claims of a token whose signature, issuer, audience and times were checked by
// those rules. unauthenticated says what is wrong.
Result<LogoutNotice> check_logout(const JwtClaims& claims);

}  // namespace wenyuan::auth
