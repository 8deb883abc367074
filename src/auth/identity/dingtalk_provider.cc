#include "auth/identity/dingtalk_provider.h"

#include "auth/cedar/schema_json_text.h"
#include "auth/identity/claim_mapping.h"

namespace wenyuan::auth {
namespace {

using Json = nlohmann::json;

constexpr cedar::JsonLimits kLimits{.bytes_max = 256 * 1024, .depth_max = 16};

Error refused(std::string why) { return {ErrorCode::unauthenticated, std::move(why)}; }

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

DingtalkProvider::DingtalkProvider(const ProviderConfig& config, EgressPolicy policy,
                                   HttpExchange& http)
    : config_(config),
      policy_(std::move(policy)),
      http_(http),
      api_(config.api_address.empty() ? std::string(kDingtalkApi) : config.api_address) {}

Result<std::string> DingtalkProvider::authorization_address(const SignInSecrets& secrets,
                                                            UnixMillis) {
  const std::string page =
      config_.sign_in_address.empty() ? std::string(kDingtalkSignIn) : config_.sign_in_address;
  std::vector<std::pair<std::string, std::string>> query = {
      {"redirect_uri", config_.redirect_uri},
      {"response_type", "code"},
      {"client_id", config_.client_id},
      {"scope", config_.corp_id.empty() ? "openid" : "openid corpid"},
      {"state", secrets.state},
      {"prompt", "consent"}};
  if (!config_.corp_id.empty()) {
    query.emplace_back("org_type", "management");
    query.emplace_back("corpId", config_.corp_id);
    query.emplace_back("exclusiveLogin", "true");
    query.emplace_back("exclusiveCorpId", config_.corp_id);
  }
  return page + "?" + form_encoded(query);
}

Result<Json> DingtalkProvider::ask(OutgoingRequest request) const {
  if (!policy_.permits(request.url)) {
    return Error{ErrorCode::forbidden, "DingTalk's address is not permitted"};
  }
  request.headers.emplace_back("Accept", "application/json");
  WY_TRY(const OutgoingReply reply, http_.send(request));
  if (reply.status >= 500) {
    return Error{ErrorCode::unavailable, "DingTalk: HTTP status " + std::to_string(reply.status)};
  }
  if (reply.status != 200) {
    return refused("DingTalk: HTTP status " + std::to_string(reply.status));
  }
  auto parsed = cedar::parse_strict_json(reply.body, kLimits);
  if (!parsed || !parsed->is_object()) return refused("DingTalk did not answer in JSON");
  return *std::move(parsed);
}

Result<ExternalIdentity> DingtalkProvider::finish(const Callback& callback, const SignInSecrets&,
                                                  UnixMillis) {
  if (callback.code.empty() || callback.code.size() > 512) return refused("there is no code");
  OutgoingRequest exchange;
  exchange.method = "POST";
  exchange.url = api_ + "/v1.0/oauth2/userAccessToken";
  exchange.content_type = "application/json";
  exchange.body = Json{{"clientId", config_.client_id},
                       {"clientSecret", config_.client_secret},
                       {"code", callback.code},
                       {"grantType", "authorization_code"}}
                      .dump(-1, ' ', false, Json::error_handler_t::replace);
  WY_TRY(const Json tokens, ask(std::move(exchange)));
  const std::string token = text_of(tokens, "accessToken");
  if (token.empty()) return refused("DingTalk gave no token");
  if (!config_.corp_id.empty() && text_of(tokens, "corpId") != config_.corp_id) {
    return refused("they chose another organization");
  }
  OutgoingRequest question;
  question.url = api_ + "/v1.0/contact/users/me";
  question.headers = {{"x-acs-dingtalk-access-token", token}};
  WY_TRY(const Json person, ask(std::move(question)));
  const std::string union_id = text_of(person, "unionId");
  if (union_id.empty()) return refused("DingTalk does not say who they are");
  ExternalIdentity identity = mapped_identity(JwtClaims(person), config_.mapping);
  if (identity.display_name.empty()) identity.display_name = text_of(person, "nick");
  if (identity.username.empty()) identity.username = identity.display_name;
  identity.email_verified = false;  // people write it themselves
  identity.second_factor = false;
  identity.provider = provider_name(config_);
  identity.subject = union_id;
  return identity;
}

}  // namespace wenyuan::auth
