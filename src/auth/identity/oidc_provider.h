// Sign-in by OpenID Connect: the authorization code flow with PKCE.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "auth/identity/jwt.h"
#include "auth/identity/key_cache.h"
#include "auth/identity/oidc_metadata.h"
#include "auth/identity/provider.h"

namespace wenyuan::auth {

class OidcProvider final : public Provider {
 public:
  OidcProvider(const ProviderConfig& config, EgressPolicy policy, HttpExchange& http);

  Result<std::string> authorization_address(const SignInSecrets& secrets, UnixMillis now) override;
  Result<ExternalIdentity> finish(const Callback& callback, const SignInSecrets& secrets,
                                  UnixMillis now) override;
  std::string sign_out_address() override;
  std::string end_session(UnixMillis now) override;
  Result<LogoutNotice> read_logout(const std::string& token, UnixMillis now) override;
  const ProviderConfig& config() const override { return config_; }

 private:
  struct Tokens {
    std::string id_token;
    std::string access_token;
  };
  Result<OidcMetadata> metadata(UnixMillis now);
  Result<Tokens> exchange_code(const OidcMetadata& metadata, const std::string& code,
                               const SignInSecrets& secrets) const;
  Result<JwtClaims> checked_id_token(const OidcMetadata& metadata, const Tokens& tokens,
                                     const SignInSecrets& secrets, UnixMillis now);
  Result<JwtClaims> with_user_info(const OidcMetadata& metadata, const Tokens& tokens,
                                   JwtClaims claims) const;

  const ProviderConfig config_;
  const EgressPolicy policy_;
  HttpExchange& http_;
  KeyCache keys_;
  std::mutex mutex_;
  std::optional<OidcMetadata> metadata_;  // guarded by mutex_
  UnixMillis metadata_at_ = 0;            // guarded by mutex_
};

}  // namespace wenyuan::auth
