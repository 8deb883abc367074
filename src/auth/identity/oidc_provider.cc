#include "auth/identity/oidc_provider.h"

#include <openssl/evp.h>

#include <algorithm>

#include "auth/cedar/schema_json_text.h"
#include "auth/identity/claim_mapping.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

using Json = nlohmann::json;

constexpr UnixMillis kMetadataFreshMs = UnixMillis{60} * 60 * 1000;
constexpr UnixMillis kIdTokenAgeMs = UnixMillis{10} * 60 * 1000;
constexpr std::size_t kCodeSizeMax = 4096;
constexpr std::size_t kSessionSizeMax = 255;
constexpr cedar::JsonLimits kLimits{.bytes_max = 256 * 1024, .depth_max = 16};

Error refused(std::string why) { return {ErrorCode::unauthenticated, std::move(why)}; }

// RFC 6749, section 2.3.1: both are form-encoded before they are joined.
std::string basic_credentials(const ProviderConfig& config) {
  const auto encoded = [](const std::string& text) { return form_encoded({{"", text}}).substr(1); };
  const std::string pair = encoded(config.client_id) + ":" + encoded(config.client_secret);
  return "Basic " + to_base64({reinterpret_cast<const std::uint8_t*>(pair.data()), pair.size()});
}

std::string half_hash(JwsAlgorithm algorithm, std::string_view text) {
  const std::string named(name(algorithm));
  const EVP_MD* digest = named.ends_with("256")   ? EVP_sha256()
                         : named.ends_with("384") ? EVP_sha384()
                                                  : EVP_sha512();
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, digest, nullptr);
  return to_base64url(std::span(hash).first(size / 2));
}

bool is_json(const OutgoingReply& reply) {
  const std::string type =
      to_lower_ascii(reply.content_type.substr(0, reply.content_type.find(';')));
  return trim(type) == "application/json";
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// OpenID Connect Core, section 3.1.3.7, what is not the same for every token.
Status check_id_claims(const JwtClaims& claims, const ProviderConfig& config,
                       const SignInSecrets& secrets) {
  const auto nonce = claims.text("nonce");
  if (!nonce || *nonce != secrets.nonce) return refused("the ID token has another nonce");
  const auto subject = claims.text("sub");
  if (!subject || subject->empty()) return refused("the ID token names nobody");
  const bool many = claims.texts("aud").size() > 1;
  const bool named = claims.all().contains("azp");
  if (many && !named) return refused("the ID token is for several, and does not say for whom");
  if (named && claims.text("azp") != config.client_id) {
    return refused("the ID token was made for somebody else");
  }
  return Done{};
}

}  // namespace

OidcProvider::OidcProvider(const ProviderConfig& config, EgressPolicy policy, HttpExchange& http)
    : config_(config), policy_(std::move(policy)), http_(http), keys_(http_, policy_, {}) {}

Result<OidcMetadata> OidcProvider::metadata(UnixMillis now) {
  const std::lock_guard lock(mutex_);
  if (metadata_ && now - metadata_at_ < kMetadataFreshMs) return *metadata_;
  OutgoingRequest request;
  request.url = discovery_address(config_.issuer);
  request.headers = {{"Accept", "application/json"}};
  if (!policy_.permits(request.url)) {
    return Error{ErrorCode::forbidden, "the issuer lies where we may not go"};
  }
  WY_TRY(const OutgoingReply reply, http_.send(request));
  if (reply.status != 200) {
    return Error{ErrorCode::unavailable,
                 "the provider's metadata: HTTP status " + std::to_string(reply.status)};
  }
  WY_TRY(metadata_, parse_metadata(reply.body, config_, policy_));
  metadata_at_ = now;
  return *metadata_;
}

Result<std::string> OidcProvider::authorization_address(const SignInSecrets& secrets,
                                                        UnixMillis now) {
  WY_TRY(const OidcMetadata known, metadata(now));
  std::string scope;
  for (const std::string& one : config_.scopes) scope += (scope.empty() ? "" : " ") + one;
  const std::string query = form_encoded({{"response_type", "code"},
                                          {"client_id", config_.client_id},
                                          {"redirect_uri", config_.redirect_uri},
                                          {"scope", scope},
                                          {"state", secrets.state},
                                          {"nonce", secrets.nonce},
                                          {"code_challenge", pkce_challenge(secrets.verifier)},
                                          {"code_challenge_method", "S256"}});
  const bool has_query = known.authorization_endpoint.find('?') != std::string::npos;
  return known.authorization_endpoint + (has_query ? "&" : "?") + query;
}

Result<OidcProvider::Tokens> OidcProvider::exchange_code(const OidcMetadata& known,
                                                         const std::string& code,
                                                         const SignInSecrets& secrets) const {
  std::vector<std::pair<std::string, std::string>> fields = {{"grant_type", "authorization_code"},
                                                             {"code", code},
                                                             {"redirect_uri", config_.redirect_uri},
                                                             {"code_verifier", secrets.verifier}};
  OutgoingRequest request;
  request.method = "POST";
  request.url = known.token_endpoint;
  request.headers = {{"Accept", "application/json"}};
  if (known.secret_in_body) {
    fields.emplace_back("client_id", config_.client_id);
    fields.emplace_back("client_secret", config_.client_secret);
  } else {
    request.headers.emplace_back("Authorization", basic_credentials(config_));
  }
  request.content_type = "application/x-www-form-urlencoded";
  request.body = form_encoded(fields);
  WY_TRY(const OutgoingReply reply, http_.send(request));
  if (reply.status >= 500) {
    return Error{ErrorCode::unavailable,
                 "the token endpoint: HTTP status " + std::to_string(reply.status)};
  }
  if (reply.status != 200 || !is_json(reply)) return refused("the code was not taken");
  const auto parsed = cedar::parse_strict_json(reply.body, kLimits);
  if (!parsed || !parsed->is_object()) return refused("the token endpoint did not answer in JSON");
  if (to_lower_ascii(text_of(*parsed, "token_type")) != "bearer") {
    return refused("the token endpoint gave no bearer token");
  }
  Tokens tokens{text_of(*parsed, "id_token"), text_of(*parsed, "access_token")};
  if (tokens.id_token.empty()) return refused("the token endpoint gave no ID token");
  return tokens;
}

Result<JwtClaims> OidcProvider::checked_id_token(const OidcMetadata& known, const Tokens& tokens,
                                                 const SignInSecrets& secrets, UnixMillis now) {
  const auto hint = peek_jws(tokens.id_token);
  if (!hint) return refused("the ID token is no signed token");
  WY_TRY(const std::shared_ptr<const KeySet> keys, keys_.keys(known.jwks_uri, hint->key_id, now));
  WY_TRY(const VerifiedJws jws, verify_jws(tokens.id_token, *keys, config_.algorithms));
  JwtRules rules;
  rules.issuer = config_.issuer;
  rules.audience = config_.client_id;
  rules.age_ms_max = kIdTokenAgeMs;
  rules.issued_at_required = true;
  if (std::ranges::find(rules.types, jws.type) == rules.types.end()) {
    return refused("the ID token is of another type");
  }
  WY_TRY(JwtClaims claims, check_claims(jws.payload, rules, now));
  WY_RETURN_IF_ERROR(check_id_claims(claims, config_, secrets));
  if (claims.all().contains("at_hash") &&
      claims.text("at_hash") != half_hash(jws.algorithm, tokens.access_token)) {
    return refused("the ID token came with another access token");
  }
  return claims;
}

// Core, section 5.3.2: userinfo about another subject must not be used. The ID token wins.
Result<JwtClaims> OidcProvider::with_user_info(const OidcMetadata& known, const Tokens& tokens,
                                               JwtClaims claims) const {
  if (!config_.user_info || known.userinfo_endpoint.empty()) return claims;
  if (tokens.access_token.empty()) return refused("there is no access token for userinfo");
  OutgoingRequest request;
  request.url = known.userinfo_endpoint;
  request.headers = {{"Accept", "application/json"},
                     {"Authorization", "Bearer " + tokens.access_token}};
  WY_TRY(const OutgoingReply reply, http_.send(request));
  if (reply.status != 200 || !is_json(reply)) return refused("userinfo was not given");
  const auto parsed = cedar::parse_strict_json(reply.body, kLimits);
  if (!parsed || !parsed->is_object()) return refused("userinfo is not a JSON object");
  if (text_of(*parsed, "sub") != claims.text("sub")) return refused("userinfo is about another");
  Json all = *parsed;
  all.update(claims.all());
  return JwtClaims(std::move(all));
}

Result<ExternalIdentity> OidcProvider::finish(const Callback& callback,
                                              const SignInSecrets& secrets, UnixMillis now) {
  WY_TRY(const OidcMetadata known, metadata(now));
  // RFC 9207: with several providers, one must not hand us the code of another.
  if (callback.issuer.empty() ? known.names_itself_in_answers : callback.issuer != config_.issuer) {
    return refused("the answer is from another provider");
  }
  if (!callback.error.empty()) return refused("the provider refused");
  if (callback.code.empty() || callback.code.size() > kCodeSizeMax) {
    return refused("the answer has no code");
  }
  WY_TRY(const Tokens tokens, exchange_code(known, callback.code, secrets));
  WY_TRY(JwtClaims claims, checked_id_token(known, tokens, secrets, now));
  const std::string subject = *claims.text("sub");
  WY_TRY(const JwtClaims all, with_user_info(known, tokens, std::move(claims)));
  ExternalIdentity identity = mapped_identity(all, config_.mapping);
  identity.provider = provider_name(config_);
  identity.subject = subject;
  identity.session = all.text("sid").value_or("").substr(0, kSessionSizeMax);
  identity.second_factor = identity.second_factor && config_.trusts_second_factor;
  return identity;
}

std::string OidcProvider::sign_out_address() {
  const std::lock_guard lock(mutex_);
  if (!metadata_ || metadata_->end_session_endpoint.empty()) return {};
  const std::string& endpoint = metadata_->end_session_endpoint;
  const char* const join = endpoint.find('?') == std::string::npos ? "?" : "&";
  std::vector<std::pair<std::string, std::string>> query = {{"client_id", config_.client_id}};
  if (!config_.signed_out_uri.empty()) {
    query.emplace_back("post_logout_redirect_uri", config_.signed_out_uri);
  }
  return endpoint + join + form_encoded(query);
}

std::string OidcProvider::end_session(UnixMillis now) {
  return metadata(now) ? sign_out_address() : std::string();
}

Result<LogoutNotice> OidcProvider::read_logout(const std::string& token, UnixMillis now) {
  const auto hint = peek_jws(token);
  // Before the provider is asked for anything: strangers send tokens too.
  if (!hint || hint->issuer != config_.issuer) return refused("it is no token of this provider");
  WY_TRY(const OidcMetadata known, metadata(now));
  WY_TRY(const std::shared_ptr<const KeySet> keys, keys_.keys(known.jwks_uri, hint->key_id, now));
  JwtRules rules = logout_rules(config_.issuer, config_.client_id);
  rules.algorithms = config_.algorithms;
  WY_TRY(const JwtClaims claims, verify_jwt(token, *keys, rules, now));
  return check_logout(claims);
}

}  // namespace wenyuan::auth
