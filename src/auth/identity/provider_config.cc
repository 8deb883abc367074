#include "auth/identity/provider_config.h"

#include <algorithm>

#include "auth/identity/http_exchange.h"

namespace wenyuan::auth {
namespace {

bool is_provider_id(std::string_view id) {
  return !id.empty() && id.size() <= 32 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Error bad(const std::string& id, std::string_view what) {
  return {ErrorCode::invalid_argument, "sign-in provider " + id + ": " + std::string(what)};
}

Status check_id(const std::string& id) {
  if (is_provider_id(id)) return Done{};
  return bad("\"" + id + "\"", "its id is 1 to 32 of a-z, 0-9, - and _");
}

Status check_algorithms(const std::string& id, const std::vector<JwsAlgorithm>& algorithms,
                        bool symmetric_allowed) {
  if (algorithms.empty()) return bad(id, "no algorithm is allowed");
  const auto symmetric = std::ranges::count_if(algorithms, is_symmetric);
  if (symmetric == 0) return Done{};
  if (!symmetric_allowed) return bad(id, "HS256 would let whoever knows the secret make tokens");
  if (symmetric == static_cast<std::ptrdiff_t>(algorithms.size())) return Done{};
  return bad(id, "algorithms with a shared secret and with public keys do not go together");
}

Status check_domains(const std::string& id, const std::vector<std::string>& domains) {
  for (const std::string& domain : domains) {
    if (domain.empty() || domain.find('@') != std::string::npos) {
      return bad(id, "email_domains are like example.com");
    }
  }
  return Done{};
}

Status check_oidc(const ProviderConfig& config) {
  if (!origin_of(config.issuer)) return bad(config.id, "issuer is an address");
  if (config.issuer.find_first_of("?#") != std::string::npos) {
    return bad(config.id, "issuer has no query and no fragment");
  }
  if (std::ranges::find(config.scopes, "openid") == config.scopes.end()) {
    return bad(config.id, "scopes must hold openid");
  }
  return check_algorithms(config.id, config.algorithms, false);
}

}  // namespace

std::string_view name(ProviderKind kind) {
  switch (kind) {
    case ProviderKind::oidc: return "oidc";
    case ProviderKind::wecom: return "wecom";
    case ProviderKind::dingtalk: return "dingtalk";
  }
  return "";
}

Status check_provider(const ProviderConfig& config) {
  WY_RETURN_IF_ERROR(check_id(config.id));
  if (config.client_id.empty()) return bad(config.id, "client_id is missing");
  if (config.client_secret.empty()) return bad(config.id, "client_secret is missing");
  const std::string path = "/v1/auth/oidc/" + config.id + "/callback";
  if (!origin_of(config.redirect_uri) || !config.redirect_uri.ends_with(path)) {
    return bad(config.id, "redirect_uri is the address of this server and then " + path);
  }
  WY_RETURN_IF_ERROR(check_domains(config.id, config.email_domains));
  if (config.kind == ProviderKind::oidc) return check_oidc(config);
  if (config.kind == ProviderKind::wecom && config.agent_id.empty()) {
    return bad(config.id, "agent_id is missing");
  }
  return Done{};
}

Status check_gateway(const GatewayConfig& config) {
  WY_RETURN_IF_ERROR(check_id(config.id));
  if (config.issuer.empty()) return bad(config.id, "issuer is missing");
  if (config.audience.empty()) return bad(config.id, "audience is missing");
  if (config.jwks.empty() == config.jwks_address.empty()) {
    return bad(config.id, "give jwks_address or jwks_file");
  }
  WY_RETURN_IF_ERROR(check_domains(config.id, config.email_domains));
  return check_algorithms(config.id, config.algorithms, config.jwks_address.empty());
}

}  // namespace wenyuan::auth
