// What an OpenID provider says about itself: OpenID Connect Discovery 1.0, RFC 8414.
#pragma once

#include <string>
#include <string_view>

#include "auth/identity/http_exchange.h"
#include "auth/identity/provider_config.h"

namespace wenyuan::auth {

struct OidcMetadata {
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string jwks_uri;
  std::string userinfo_endpoint;         // may be empty
  std::string end_session_endpoint;      // may be empty
  bool names_itself_in_answers = false;  // RFC 9207
  bool secret_in_body = false;           // client_secret_post, and not client_secret_basic
};

std::string discovery_address(std::string_view issuer);

// unavailable for metadata that must not be used: of another issuer, with an endpoint beyond the
// policy, without the code flow, or that would have us go without PKCE.
Result<OidcMetadata> parse_metadata(std::string_view json, const ProviderConfig& config,
                                    const EgressPolicy& policy);

}  // namespace wenyuan::auth
