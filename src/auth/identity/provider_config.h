// What the owner of the server says about those who may vouch for users.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/jwk.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::auth {

// How a provider's claims become a user of ours.
struct ClaimMapping {
  std::string username = "preferred_username";
  std::string display_name = "name";
  std::string email = "email";
  struct Attribute {
    std::string claim;  // a text, a whole number, true or false, or a list of texts
    std::string attribute;
  };
  std::vector<Attribute> attributes;
  std::string groups = "groups";  // the claim that lists them
  struct Group {
    std::string value;  // in that claim
    std::string group;  // name of a group of ours, which exists
  };
  std::vector<Group> group_names;
};

enum class ProviderKind { oidc, wecom, dingtalk };
std::string_view name(ProviderKind kind);

struct ProviderConfig {
  std::string id;  // in paths: a-z, 0-9, - and _; at most 32
  ProviderKind kind = ProviderKind::oidc;
  std::string display_name;
  std::string issuer;     // OIDC: exactly as the provider writes it
  std::string client_id;  // WeCom: the corporation's id; DingTalk: the app key
  std::string client_secret;
  std::string agent_id;        // WeCom
  std::string corp_id;         // DingTalk: the organization that must be chosen; may be empty
  std::string redirect_uri;    // exactly as registered there; ends in /v1/auth/oidc/{id}/callback
  std::string signed_out_uri;  // where it sends the browser back to after signing out; may be empty
  std::vector<std::string> scopes = {"openid", "profile", "email"};
  std::vector<JwsAlgorithm> algorithms = {JwsAlgorithm::rs256, JwsAlgorithm::ps256,
                                          JwsAlgorithm::es256, JwsAlgorithm::eddsa};
  // Beyond the issuer's own: where its token and key endpoints are, if elsewhere.
  std::vector<std::string> origins;
  // WeCom and DingTalk: where to sign in, and where to ask. The documented ones when empty.
  std::string sign_in_address;
  std::string api_address;
  bool user_info = false;     // ask the userinfo endpoint for claims that the ID token lacks
  bool create_users = false;  // whoever the provider vouches for; else they must be linked first
  // When not empty: only addresses that the provider has verified, at one of these.
  std::vector<std::string> email_domains;
  // Whether its sign-in counts as a second factor when it says so ("amr" with "mfa" or "otp").
  bool trusts_second_factor = false;
  bool insecure_http = false;  // only for this machine and for tests
  ClaimMapping mapping;
};

// Who sends tokens of their own along with requests: a gateway before this server.
struct GatewayConfig {
  std::string id;
  std::string issuer;
  std::string audience;
  std::string jwks_address;  // or:
  std::string jwks;          // the set itself
  std::vector<JwsAlgorithm> algorithms = {JwsAlgorithm::rs256, JwsAlgorithm::ps256,
                                          JwsAlgorithm::es256, JwsAlgorithm::eddsa};
  std::vector<std::string> types = {"", "jwt", "at+jwt"};
  UnixMillis age_ms_max = UnixMillis{60} * 60 * 1000;
  bool create_users = false;
  std::vector<std::string> email_domains;
  bool insecure_http = false;
  ClaimMapping mapping;
};

// invalid_argument names the provider and the setting.
Status check_provider(const ProviderConfig& config);
Status check_gateway(const GatewayConfig& config);

}  // namespace wenyuan::auth
