#include "app/tls_config.h"

#include <vector>

#include "app/config_section.h"

namespace wenyuan::app {
namespace {

using http::ClientCertificates;

Status read_minimum(Section& section, http::TlsOptions& options) {
  std::string minimum = "1.2";
  WY_RETURN_IF_ERROR(section.read("minimum", minimum));
  if (minimum != "1.2" && minimum != "1.3") return section.bad("minimum is \"1.2\" or \"1.3\"");
  options.only_tls13 = minimum == "1.3";
  return Done{};
}

Status read_clients(Section& section, TlsConfig& config) {
  std::string wanted = "none";
  WY_RETURN_IF_ERROR(section.read("client_certificates", wanted));
  if (wanted == "optional") {
    config.options.clients = ClientCertificates::optional;
  } else if (wanted == "required") {
    config.options.clients = ClientCertificates::required;
  } else if (wanted != "none") {
    return section.bad("client_certificates is none, optional or required");
  }
  std::string authorities, revoked, field;
  WY_RETURN_IF_ERROR(section.read("client_ca", authorities));
  WY_RETURN_IF_ERROR(section.read("client_crl", revoked));
  WY_RETURN_IF_ERROR(section.read("client_name", field));
  WY_TRY(config.clients.users, section.pairs("client_users"));
  if (config.options.clients == ClientCertificates::none) {
    if (authorities.empty() && revoked.empty() && field.empty() && config.clients.users.empty()) {
      return Done{};
    }
    return section.bad("client_… has no effect while client_certificates is none");
  }
  if (authorities.empty()) return section.bad("client_certificates needs client_ca");
  if (field.empty()) return section.bad("client_certificates needs client_name");
  const auto known = auth::certificate_name(field);
  if (!known) return section.bad("client_name " + known.error().message);
  config.clients.field = *known;
  config.options.client_ca = authorities;
  config.options.client_crl = revoked;
  return Done{};
}

}  // namespace

Result<std::optional<TlsConfig>> read_tls_config(const toml::table& table,
                                                 const std::string& file) {
  const toml::node* node = table.get("tls");
  if (node == nullptr) return std::optional<TlsConfig>();
  if (!node->is_table()) return Error{ErrorCode::invalid_argument, file + ": write [tls]"};
  Section section(*node->as_table(), file + ": [tls]");
  TlsConfig config;
  std::string certificate, key;
  WY_RETURN_IF_ERROR(section.read("certificate", certificate));
  WY_RETURN_IF_ERROR(section.read("key", key));
  if (certificate.empty() || key.empty()) return section.bad("needs certificate and key");
  config.options.certificate = certificate;
  config.options.key = key;
  WY_RETURN_IF_ERROR(read_minimum(section, config.options));
  std::int64_t hsts_seconds = config.hsts.count();
  WY_RETURN_IF_ERROR(section.read("hsts_seconds", hsts_seconds));
  if (hsts_seconds < 0) return section.bad("hsts_seconds must not be below 0");
  config.hsts = std::chrono::seconds(hsts_seconds);
  WY_RETURN_IF_ERROR(read_clients(section, config));
  WY_RETURN_IF_ERROR(section.no_unknown());
  return std::optional(std::move(config));
}

}  // namespace wenyuan::app
