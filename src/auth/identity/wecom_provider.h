// Sign-in by WeCom (企业微信), for members of one corporation.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <mutex>
#include <string>

#include "auth/identity/provider.h"

namespace wenyuan::auth {

inline constexpr std::string_view kWecomApi = "https://qyapi.weixin.qq.com";
inline constexpr std::string_view kWecomSignIn =
    "https://login.work.weixin.qq.com/wwlogin/sso/login";

// Like OAuth, but not OpenID: there is no signed token and no PKCE. The server asks with a token of
// the corporation who brought the code; `state` alone ties the answer to the browser.
class WecomProvider final : public Provider {
 public:
  WecomProvider(const ProviderConfig& config, EgressPolicy policy, HttpExchange& http);

  Result<std::string> authorization_address(const SignInSecrets& secrets, UnixMillis now) override;
  Result<ExternalIdentity> finish(const Callback& callback, const SignInSecrets& secrets,
                                  UnixMillis now) override;
  const ProviderConfig& config() const override { return config_; }

 private:
  // The corporation's token; a new one when `old` is the one that is held.
  Result<std::string> token(const std::string& old, UnixMillis now);
  Result<nlohmann::json> ask(const std::string& path,
                             const std::vector<std::pair<std::string, std::string>>& query) const;
  Result<nlohmann::json> ask_with_token(const std::string& path, const std::string& name,
                                        const std::string& value, UnixMillis now);

  const ProviderConfig config_;
  const EgressPolicy policy_;
  HttpExchange& http_;
  const std::string api_;
  std::mutex mutex_;
  std::string token_;                // guarded by mutex_
  UnixMillis token_expires_at_ = 0;  // guarded by mutex_
};

}  // namespace wenyuan::auth
