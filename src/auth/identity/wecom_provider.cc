#include "auth/identity/wecom_provider.h"

#include "auth/cedar/schema_json_text.h"
#include "auth/identity/claim_mapping.h"

namespace wenyuan::auth {
namespace {

using Json = nlohmann::json;

constexpr cedar::JsonLimits kLimits{.bytes_max = 256 * 1024, .depth_max = 16};
constexpr UnixMillis kTokenMarginMs = UnixMillis{5} * 60 * 1000;
constexpr int kInvalidToken = 40014;
constexpr int kExpiredToken = 42001;
constexpr int kActive = 1;  // "status" of a member

Error refused(std::string why) { return {ErrorCode::unauthenticated, std::move(why)}; }

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// 0 is good; -1 when there is none.
int error_of(const Json& reply) {
  const auto found = reply.find("errcode");
  if (found == reply.end() || !found->is_number_integer()) return -1;
  return found->get<int>();
}

}  // namespace

WecomProvider::WecomProvider(const ProviderConfig& config, EgressPolicy policy, HttpExchange& http)
    : config_(config),
      policy_(std::move(policy)),
      http_(http),
      api_(config.api_address.empty() ? std::string(kWecomApi) : config.api_address) {}

Result<std::string> WecomProvider::authorization_address(const SignInSecrets& secrets, UnixMillis) {
  const std::string page =
      config_.sign_in_address.empty() ? std::string(kWecomSignIn) : config_.sign_in_address;
  return page + "?" +
         form_encoded({{"login_type", "CorpApp"},
                       {"appid", config_.client_id},
                       {"agentid", config_.agent_id},
                       {"redirect_uri", config_.redirect_uri},
                       {"state", secrets.state}});
}

Result<Json> WecomProvider::ask(
    const std::string& path, const std::vector<std::pair<std::string, std::string>>& query) const {
  OutgoingRequest request;
  request.url = api_ + path + "?" + form_encoded(query);
  if (!policy_.permits(request.url)) {
    return Error{ErrorCode::forbidden, "WeCom's address is not permitted"};
  }
  WY_TRY(const OutgoingReply reply, http_.send(request));
  if (reply.status != 200) {
    return Error{ErrorCode::unavailable, "WeCom: HTTP status " + std::to_string(reply.status)};
  }
  auto parsed = cedar::parse_strict_json(reply.body, kLimits);
  if (!parsed || !parsed->is_object()) {
    return Error{ErrorCode::unavailable, "WeCom did not answer in JSON"};
  }
  return *std::move(parsed);
}

Result<std::string> WecomProvider::token(const std::string& old, UnixMillis now) {
  const std::lock_guard lock(mutex_);
  if (!token_.empty() && token_ != old && now < token_expires_at_) return token_;
  WY_TRY(const Json reply, ask("/cgi-bin/gettoken", {{"corpid", config_.client_id},
                                                     {"corpsecret", config_.client_secret}}));
  const std::string given = text_of(reply, "access_token");
  const auto seconds = reply.find("expires_in");
  if (error_of(reply) != 0 || given.empty() || seconds == reply.end() ||
      !seconds->is_number_integer()) {
    return Error{ErrorCode::unavailable,
                 "WeCom gave no token: errcode " + std::to_string(error_of(reply))};
  }
  token_ = given;
  token_expires_at_ =
      now + std::max<UnixMillis>(seconds->get<std::int64_t>() * 1000 - kTokenMarginMs, 0);
  return token_;
}

Result<Json> WecomProvider::ask_with_token(const std::string& path, const std::string& name,
                                           const std::string& value, UnixMillis now) {
  std::string old;
  for (int attempt = 1;; ++attempt) {
    WY_TRY(const std::string current, token(old, now));
    WY_TRY(Json reply, ask(path, {{"access_token", current}, {name, value}}));
    const int error = error_of(reply);
    if (error == 0) return reply;
    const bool ended = error == kInvalidToken || error == kExpiredToken;
    if (!ended || attempt == 2) return refused("WeCom: errcode " + std::to_string(error));
    old = current;
  }
}

Result<ExternalIdentity> WecomProvider::finish(const Callback& callback, const SignInSecrets&,
                                               UnixMillis now) {
  if (callback.code.empty() || callback.code.size() > 512) return refused("there is no code");
  WY_TRY(const Json who, ask_with_token("/cgi-bin/auth/getuserinfo", "code", callback.code, now));
  // Who is no member has an openid or external_userid instead: customers, and people of other
  // corporations. They are nobody here.
  const std::string user_id = text_of(who, "userid");
  if (user_id.empty()) return refused("they are not a member of the corporation");
  WY_TRY(Json member, ask_with_token("/cgi-bin/user/get", "userid", user_id, now));
  if (text_of(member, "userid") != user_id) return refused("WeCom answered about somebody else");
  const auto status = member.find("status");
  if (status != member.end() && *status != kActive) return refused("the member is not active");
  ExternalIdentity identity = mapped_identity(JwtClaims(member), config_.mapping);
  if (identity.username.empty()) identity.username = user_id;
  const std::string work_address = text_of(member, "biz_mail");
  if (!work_address.empty()) identity.email = work_address;
  identity.email_verified = !work_address.empty();
  identity.second_factor = false;
  identity.provider = provider_name(config_);
  identity.subject = config_.client_id + "/" + user_id;
  return identity;
}

}  // namespace wenyuan::auth
