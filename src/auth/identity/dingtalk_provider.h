// Sign-in by DingTalk (钉钉).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

#include "auth/identity/provider.h"

namespace wenyuan::auth {

inline constexpr std::string_view kDingtalkApi = "https://api.dingtalk.com";
inline constexpr std::string_view kDingtalkSignIn = "https://login.dingtalk.com/oauth2/auth";

// OAuth 2 in DingTalk's own spelling, without signed tokens and without PKCE: the server exchanges
// the code itself and asks who it belongs to.
class DingtalkProvider final : public Provider {
 public:
  DingtalkProvider(const ProviderConfig& config, EgressPolicy policy, HttpExchange& http);

  Result<std::string> authorization_address(const SignInSecrets& secrets, UnixMillis now) override;
  Result<ExternalIdentity> finish(const Callback& callback, const SignInSecrets& secrets,
                                  UnixMillis now) override;
  const ProviderConfig& config() const override { return config_; }

 private:
  Result<nlohmann::json> ask(OutgoingRequest request) const;

  const ProviderConfig config_;
  const EgressPolicy policy_;
  HttpExchange& http_;
  const std::string api_;
};

}  // namespace wenyuan::auth
