#include "auth/identity/provider.h"

#include <openssl/evp.h>

#include <array>

#include "auth/identity/dingtalk_provider.h"
#include "auth/identity/oidc_provider.h"
#include "auth/identity/wecom_provider.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

Result<EgressPolicy> policy_for(const ProviderConfig& config) {
  std::vector<std::string> addresses = config.origins;
  switch (config.kind) {
    case ProviderKind::oidc: addresses.push_back(config.issuer); break;
    case ProviderKind::wecom:
      addresses.push_back(config.api_address.empty() ? std::string(kWecomApi) : config.api_address);
      break;
    case ProviderKind::dingtalk:
      addresses.push_back(config.api_address.empty() ? std::string(kDingtalkApi)
                                                     : config.api_address);
      break;
  }
  return EgressPolicy::allow(addresses, config.insecure_http);
}

}  // namespace

Result<LogoutNotice> Provider::read_logout(const std::string&, UnixMillis) {
  return Error{ErrorCode::unauthenticated, "this kind of provider sends no logout tokens"};
}

Result<std::unique_ptr<Provider>> open_provider(const ProviderConfig& config, HttpExchange& http) {
  WY_RETURN_IF_ERROR(check_provider(config));
  auto policy = policy_for(config);
  if (!policy) return within("sign-in provider " + config.id, policy.error());
  std::unique_ptr<Provider> provider;
  switch (config.kind) {
    case ProviderKind::oidc:
      provider = std::make_unique<OidcProvider>(config, *std::move(policy), http);
      break;
    case ProviderKind::wecom:
      provider = std::make_unique<WecomProvider>(config, *std::move(policy), http);
      break;
    case ProviderKind::dingtalk:
      provider = std::make_unique<DingtalkProvider>(config, *std::move(policy), http);
      break;
  }
  return provider;
}

std::string provider_name(const ProviderConfig& config) {
  return std::string(name(config.kind)) + ":" + config.id;
}

std::string pkce_challenge(std::string_view verifier) {
  std::array<unsigned char, 32> hash{};
  unsigned size = 0;
  EVP_Digest(verifier.data(), verifier.size(), hash.data(), &size, EVP_sha256(), nullptr);
  return to_base64url(hash);
}

}  // namespace wenyuan::auth
