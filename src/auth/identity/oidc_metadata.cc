#include "auth/identity/oidc_metadata.h"

#include <algorithm>

#include "auth/cedar/schema_json_text.h"

namespace wenyuan::auth {
namespace {

using Json = nlohmann::json;

constexpr cedar::JsonLimits kLimits{.bytes_max = 256 * 1024, .depth_max = 8};

Error unusable(std::string_view why) {
  return {ErrorCode::unavailable, "the provider's metadata: " + std::string(why)};
}

Result<std::string> address_of(const Json& metadata, const char* name, bool required) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) {
    if (!required) return std::string();
    return unusable(std::string(name) + " is missing");
  }
  if (!found->is_string() || !origin_of(found->get_ref<const std::string&>())) {
    return unusable(std::string(name) + " is no address");
  }
  return found->get<std::string>();
}

// Absent lists mean what the standard says; ours never need the default.
bool lists(const Json& metadata, const char* name, const char* wanted, bool when_absent) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) return when_absent;
  return found->is_array() && std::ranges::count(*found, Json(wanted)) > 0;
}

Status check_origins(const OidcMetadata& metadata, const EgressPolicy& policy,
                     const ProviderConfig& config) {
  for (const std::string* address :
       {&metadata.token_endpoint, &metadata.jwks_uri, &metadata.userinfo_endpoint}) {
    if (!address->empty() && !policy.permits(*address)) {
      return unusable("an endpoint lies where we may not go; see origins");
    }
  }
  // The browser goes there, with nothing secret; still, not to a place in clear text.
  const auto origin = origin_of(metadata.authorization_endpoint);
  const bool clear = origin && origin->starts_with("http://");
  if (clear && !config.insecure_http && !policy.permits(metadata.authorization_endpoint)) {
    return unusable("authorization_endpoint is not https");
  }
  return Done{};
}

}  // namespace

std::string discovery_address(std::string_view issuer) {
  std::string address(issuer);
  if (address.ends_with('/')) address.pop_back();
  address += "/.well-known/openid-configuration";
  return address;
}

Result<OidcMetadata> parse_metadata(std::string_view json, const ProviderConfig& config,
                                    const EgressPolicy& policy) {
  const auto parsed = cedar::parse_strict_json(json, kLimits);
  if (!parsed || !parsed->is_object()) return unusable("it is not a JSON object");
  const Json& all = *parsed;
  const auto issuer = all.find("issuer");
  if (issuer == all.end() || *issuer != config.issuer) return unusable("it is of another issuer");
  OidcMetadata metadata;
  WY_TRY(metadata.authorization_endpoint, address_of(all, "authorization_endpoint", true));
  WY_TRY(metadata.token_endpoint, address_of(all, "token_endpoint", true));
  WY_TRY(metadata.jwks_uri, address_of(all, "jwks_uri", true));
  WY_TRY(metadata.userinfo_endpoint, address_of(all, "userinfo_endpoint", false));
  WY_TRY(metadata.end_session_endpoint, address_of(all, "end_session_endpoint", false));
  if (!lists(all, "response_types_supported", "code", true)) {
    return unusable("it does not offer the code flow");
  }
  // One that lists methods and leaves this out would ignore our challenge.
  if (!lists(all, "code_challenge_methods_supported", "S256", true)) {
    return unusable("it does not offer PKCE with S256");
  }
  const auto names_itself = all.find("authorization_response_iss_parameter_supported");
  metadata.names_itself_in_answers = names_itself != all.end() && *names_itself == true;
  const char* const kMethods = "token_endpoint_auth_methods_supported";
  metadata.secret_in_body = !lists(all, kMethods, "client_secret_basic", true) &&
                            lists(all, kMethods, "client_secret_post", false);
  WY_RETURN_IF_ERROR(check_origins(metadata, policy, config));
  return metadata;
}

}  // namespace wenyuan::auth
