// One that may vouch for users: where to send the browser, and what its answer means.
#pragma once

#include <memory>
#include <string>

#include "auth/identity/external_identity.h"
#include "auth/identity/http_exchange.h"
#include "auth/identity/logout_token.h"
#include "auth/identity/provider_config.h"
#include "base/clock.h"

namespace wenyuan::auth {

// What is made anew for each sign-in, and known to nobody but the server (and, of `state` and the
// hashes of the others, the provider).
struct SignInSecrets {
  std::string state;
  std::string nonce;
  std::string verifier;  // PKCE
};

// What the browser brings back.
struct Callback {
  std::string code;
  std::string state;
  std::string issuer;  // "iss", RFC 9207; may be empty
  std::string error;
};

// Thread-safe. May ask the provider over HTTP.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual Result<std::string> authorization_address(const SignInSecrets& secrets,
                                                    UnixMillis now) = 0;
  // unauthenticated for an answer that must not be believed; the message is for the log.
  virtual Result<ExternalIdentity> finish(const Callback& callback, const SignInSecrets& secrets,
                                          UnixMillis now) = 0;
  // Where the browser can end the session at the provider, too; empty when there is no such place.
  virtual std::string sign_out_address() { return {}; }
  // The same, after asking the provider when that is not known; empty when it does not answer, too.
  virtual std::string end_session(UnixMillis) { return sign_out_address(); }
  // What a logout token says; unauthenticated for one that must not be believed.
  virtual Result<LogoutNotice> read_logout(const std::string& token, UnixMillis now);

  virtual const ProviderConfig& config() const = 0;
};

// `http` outlives the provider.
Result<std::unique_ptr<Provider>> open_provider(const ProviderConfig& config, HttpExchange& http);

// "oidc:corp": under which a provider's people are kept.
std::string provider_name(const ProviderConfig& config);

// RFC 7636: BASE64URL(SHA256(verifier)).
std::string pkce_challenge(std::string_view verifier);

}  // namespace wenyuan::auth
