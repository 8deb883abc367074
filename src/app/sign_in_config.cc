#include "app/sign_in_config.h"

#include "app/config_section.h"

namespace wenyuan::app {
namespace {

Error bad(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

Status read_algorithms(Section& section, std::vector<auth::JwsAlgorithm>& target) {
  std::vector<std::string> names;
  WY_RETURN_IF_ERROR(section.read("algorithms", names));
  if (names.empty()) return Done{};
  target.clear();
  for (const std::string& name : names) {
    const auto algorithm = auth::jws_algorithm(name);
    if (!algorithm) return section.bad("there is no algorithm " + name);
    target.push_back(*algorithm);
  }
  return Done{};
}

Status read_mapping(Section& section, auth::ClaimMapping& mapping) {
  WY_RETURN_IF_ERROR(section.read("username_claim", mapping.username));
  WY_RETURN_IF_ERROR(section.read("display_name_claim", mapping.display_name));
  WY_RETURN_IF_ERROR(section.read("email_claim", mapping.email));
  WY_RETURN_IF_ERROR(section.read("groups_claim", mapping.groups));
  WY_TRY(const auto attributes, section.pairs("attributes"));
  for (const auto& [claim, attribute] : attributes) {
    mapping.attributes.push_back({claim, attribute});
  }
  WY_TRY(const auto groups, section.pairs("groups"));
  for (const auto& [value, group] : groups) mapping.group_names.push_back({value, group});
  return Done{};
}

Status read_kind(Section& section, auth::ProviderKind& kind) {
  std::string named = "oidc";
  WY_RETURN_IF_ERROR(section.read("kind", named));
  using auth::ProviderKind;
  for (const ProviderKind one : {ProviderKind::oidc, ProviderKind::wecom, ProviderKind::dingtalk}) {
    if (auth::name(one) != named) continue;
    kind = one;
    return Done{};
  }
  return section.bad("kind is oidc, wecom or dingtalk");
}

Result<auth::ProviderConfig> read_provider(Section& section) {
  auth::ProviderConfig config;
  WY_RETURN_IF_ERROR(section.read("id", config.id));
  WY_RETURN_IF_ERROR(read_kind(section, config.kind));
  WY_RETURN_IF_ERROR(section.read("display_name", config.display_name));
  WY_RETURN_IF_ERROR(section.read("issuer", config.issuer));
  WY_RETURN_IF_ERROR(section.read("client_id", config.client_id));
  WY_TRY(config.client_secret, section.secret("client_secret_file"));
  WY_RETURN_IF_ERROR(section.read("agent_id", config.agent_id));
  WY_RETURN_IF_ERROR(section.read("corp_id", config.corp_id));
  WY_RETURN_IF_ERROR(section.read("redirect_uri", config.redirect_uri));
  WY_RETURN_IF_ERROR(section.read("signed_out_uri", config.signed_out_uri));
  WY_RETURN_IF_ERROR(section.read("scopes", config.scopes));
  WY_RETURN_IF_ERROR(read_algorithms(section, config.algorithms));
  WY_RETURN_IF_ERROR(section.read("origins", config.origins));
  WY_RETURN_IF_ERROR(section.read("sign_in_address", config.sign_in_address));
  WY_RETURN_IF_ERROR(section.read("api_address", config.api_address));
  WY_RETURN_IF_ERROR(section.read("user_info", config.user_info));
  WY_RETURN_IF_ERROR(section.read("create_users", config.create_users));
  WY_RETURN_IF_ERROR(section.read("email_domains", config.email_domains));
  WY_RETURN_IF_ERROR(section.read("trusts_second_factor", config.trusts_second_factor));
  WY_RETURN_IF_ERROR(section.read("insecure_http", config.insecure_http));
  WY_RETURN_IF_ERROR(read_mapping(section, config.mapping));
  WY_RETURN_IF_ERROR(section.no_unknown());
  WY_RETURN_IF_ERROR(auth::check_provider(config));
  return config;
}

Result<auth::GatewayConfig> read_gateway(Section& section) {
  auth::GatewayConfig config;
  WY_RETURN_IF_ERROR(section.read("id", config.id));
  WY_RETURN_IF_ERROR(section.read("issuer", config.issuer));
  WY_RETURN_IF_ERROR(section.read("audience", config.audience));
  WY_RETURN_IF_ERROR(section.read("jwks_address", config.jwks_address));
  WY_TRY(config.jwks, section.secret("jwks_file"));
  WY_RETURN_IF_ERROR(read_algorithms(section, config.algorithms));
  WY_RETURN_IF_ERROR(section.read("create_users", config.create_users));
  WY_RETURN_IF_ERROR(section.read("email_domains", config.email_domains));
  WY_RETURN_IF_ERROR(section.read("insecure_http", config.insecure_http));
  WY_RETURN_IF_ERROR(read_mapping(section, config.mapping));
  WY_RETURN_IF_ERROR(section.no_unknown());
  WY_RETURN_IF_ERROR(auth::check_gateway(config));
  return config;
}

template <class Config>
Status read_all(const toml::table& table, const std::string& file, const std::string& name,
                Result<Config> (*read)(Section&), std::vector<Config>& target) {
  const toml::node* node = table.get(name);
  if (node == nullptr) return Done{};
  const toml::array* all = node->as_array();
  if (all == nullptr) return bad(file + ": write [[" + name + "]]");
  for (const toml::node& item : *all) {
    if (!item.is_table()) return bad(file + ": write [[" + name + "]]");
    Section section(*item.as_table(), file + ": [[" + name + "]]");
    WY_TRY(Config config, read(section));
    target.push_back(std::move(config));
  }
  return Done{};
}

}  // namespace

Result<SignInSources> read_sign_in_sources(const toml::table& table, const std::string& file) {
  SignInSources sources;
  WY_RETURN_IF_ERROR(read_all(table, file, "sign_in_provider", read_provider, sources.providers));
  WY_RETURN_IF_ERROR(read_all(table, file, "gateway", read_gateway, sources.gateways));
  return sources;
}

}  // namespace wenyuan::app
