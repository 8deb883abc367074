#include "auth/identity/gateway.h"

#include "auth/identity/claim_mapping.h"

namespace wenyuan::auth {

Gateway::Gateway(const GatewayConfig& config, EgressPolicy policy, HttpExchange& http)
    : config_(config), policy_(std::move(policy)), keys_(http, policy_, {}) {}

Result<std::unique_ptr<Gateway>> Gateway::open(const GatewayConfig& config, HttpExchange& http) {
  WY_RETURN_IF_ERROR(check_gateway(config));
  std::vector<std::string> addresses;
  if (!config.jwks_address.empty()) addresses.push_back(config.jwks_address);
  auto policy = EgressPolicy::allow(addresses, config.insecure_http);
  if (!policy) return within("gateway " + config.id, policy.error());
  auto gateway =
      std::unique_ptr<Gateway>(new Gateway(config, *std::move(policy), http));  // NOLINT: private
  if (!config.jwks.empty()) {
    auto set = parse_jwks(config.jwks);
    if (!set) return within("gateway " + config.id, set.error());
    gateway->fixed_keys_ = std::make_shared<KeySet>(*std::move(set));
  }
  return gateway;
}

Result<ExternalIdentity> Gateway::verify(std::string_view token, UnixMillis now) {
  const Error refused{ErrorCode::unauthenticated, "the token is refused"};
  const auto hint = peek_jws(token);
  if (!hint || hint->issuer != config_.issuer) return refused;
  std::shared_ptr<const KeySet> keys = fixed_keys_;
  if (!keys) {
    WY_TRY(keys, keys_.keys(config_.jwks_address, hint->key_id, now));
  }
  JwtRules rules;
  rules.issuer = config_.issuer;
  rules.audience = config_.audience;
  rules.algorithms = config_.algorithms;
  rules.types = config_.types;
  rules.age_ms_max = config_.age_ms_max;
  WY_TRY(const JwtClaims claims, verify_jwt(token, *keys, rules, now));
  const auto subject = claims.text("sub");
  if (!subject || subject->empty()) return refused;
  ExternalIdentity identity = mapped_identity(claims, config_.mapping);
  identity.provider = "gateway:" + config_.id;
  identity.subject = *subject;
  return identity;
}

}  // namespace wenyuan::auth
