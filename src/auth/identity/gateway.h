// Tokens that a gateway before this server sends along with each request.
#pragma once

#include <memory>
#include <string_view>

#include "auth/identity/external_identity.h"
#include "auth/identity/jwt.h"
#include "auth/identity/key_cache.h"
#include "auth/identity/provider_config.h"

namespace wenyuan::auth {

// Thread-safe.
class Gateway {
 public:
  // `http` outlives the gateway.
  static Result<std::unique_ptr<Gateway>> open(const GatewayConfig& config, HttpExchange& http);

  const GatewayConfig& config() const { return config_; }
  // unauthenticated for every token that is not this gateway's, whole, in time and for us.
  Result<ExternalIdentity> verify(std::string_view token, UnixMillis now);

 private:
  Gateway(const GatewayConfig& config, EgressPolicy policy, HttpExchange& http);

  const GatewayConfig config_;
  const EgressPolicy policy_;
  KeyCache keys_;
  std::shared_ptr<const KeySet> fixed_keys_;  // null when they are fetched
};

}  // namespace wenyuan::auth
