#include "tests/auth/identity/rogue_provider.h"

#include <openssl/evp.h>

#include "auth/identity/provider.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

using Json = nlohmann::json;

constexpr const char* kClientId = "wenyuan client";
constexpr const char* kClientSecret = "secret:+/ of the client";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : c - 'a' + 10;
}

std::string form_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() + 0) {
      plain += static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
      at += 2;
    } else {
      plain += text[at] == '+' ? ' ' : text[at];
    }
  }
  return plain;
}

std::string header(const OutgoingRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (to_lower_ascii(key) == to_lower_ascii(name)) return value;
  }
  return {};
}

std::string half_hash(std::string_view text) {
  std::array<unsigned char, 32> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr);
  return to_base64url(std::span(hash).first(16));
}

OutgoingReply json_reply(int status, const Json& json) {
  return {status, "application/json", json.dump()};
}

}  // namespace

Fields parsed_form(std::string_view text) {
  Fields fields;
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    fields[form_decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? "" : form_decoded(pair.substr(equals + 1));
  }
  return fields;
}

const TokenMaker& RogueProvider::key() {
  static const TokenMaker made("RS256", "key-1");
  return made;
}
const TokenMaker& RogueProvider::other_key() {
  static const TokenMaker made("RS256", "key-1");
  return made;
}

RogueProvider::RogueProvider(std::string origin, UnixMillis time)
    : now(time), origin_(std::move(origin)) {}

ProviderConfig RogueProvider::config() const {
  ProviderConfig config;
  config.id = "corp";
  config.issuer = origin_ + "/realm";
  config.client_id = kClientId;
  config.client_secret = kClientSecret;
  config.redirect_uri = "https://kb.example/v1/auth/oidc/corp/callback";
  config.create_users = true;
  config.mapping.attributes = {{"department", "department"}};
  config.mapping.group_names = {{"lawyers", "Legal team"}, {"chiefs", "Chiefs"}};
  return config;
}

Json RogueProvider::metadata() const {
  const std::string realm = origin_ + "/realm";
  return {{"issuer", realm},
          {"authorization_endpoint", realm + "/authorize"},
          {"token_endpoint", realm + "/token"},
          {"jwks_uri", realm + "/keys"},
          {"userinfo_endpoint", realm + "/userinfo"},
          {"end_session_endpoint", realm + "/logout"},
          {"response_types_supported", {"code"}},
          {"code_challenge_methods_supported", {"S256"}},
          {"authorization_response_iss_parameter_supported", true}};
}

OutgoingReply RogueProvider::handle(const OutgoingRequest& request) {
  const std::size_t start = request.url.find('/', 8);
  const std::string path = request.url.substr(start, request.url.find('?') - start);
  asked.push_back(path);
  OutgoingReply reply{404, "text/plain", "there is no such page"};
  if (path == "/realm/.well-known/openid-configuration") {
    Json all = metadata();
    if (bend_metadata) bend_metadata(all);
    reply = json_reply(200, all);
  } else if (path == "/realm/keys") {
    Json all = {{"keys", {key().jwk()}}};
    if (bend_jwks) bend_jwks(all);
    reply = json_reply(200, all);
  } else if (path == "/realm/token") {
    reply = token(request);
  } else if (path == "/realm/userinfo") {
    reply = user_info(request);
  }
  if (bend_reply) bend_reply(reply);
  return reply;
}

Fields RogueProvider::sign_in(const std::string& address) {
  const std::size_t mark = address.find('?');
  complain(address.substr(0, mark) != origin_ + "/realm/authorize", "address " + address);
  Fields query = parsed_form(address.substr(mark + 1));
  complain(query["response_type"] != "code", "response_type");
  complain(query["client_id"] != kClientId, "client_id");
  complain(query["redirect_uri"] != config().redirect_uri, "redirect_uri");
  complain(query["scope"] != "openid profile email", "scope " + query["scope"]);
  complain(query["code_challenge_method"] != "S256", "code_challenge_method");
  complain(query["code_challenge"].size() != 43, "code_challenge");
  complain(query["state"].size() != 43, "state");
  complain(query["nonce"].size() != 43, "nonce");
  complain(query.contains("prompt") && query["prompt"] != "login", "prompt");
  query.erase("prompt");
  complain(query.size() != 8, "another number of parameters");
  const std::string code = "code & " + std::to_string(codes_.size());
  codes_[code] = {query["code_challenge"], query["nonce"], query["redirect_uri"]};
  Fields answer = {{"code", code}, {"state", query["state"]}, {"iss", origin_ + "/realm"}};
  if (bend_answer) bend_answer(answer);
  return answer;
}

std::string RogueProvider::id_token(const Code& code, const std::string& access_token) const {
  const std::int64_t seconds = now / 1000;
  Json claims = {{"iss", origin_ + "/realm"},
                 {"aud", kClientId},
                 {"sub", subject},
                 {"exp", seconds + 300},
                 {"iat", seconds},
                 {"nonce", code.nonce},
                 {"at_hash", half_hash(access_token)}};
  claims.update(person);
  if (bend_claims) bend_claims(claims);
  Json token_header = {{"alg", "RS256"}, {"kid", "key-1"}, {"typ", "JWT"}};
  if (bend_header) bend_header(token_header);
  const TokenMaker& maker = signer == nullptr ? key() : *signer;
  const std::string made = maker.token(claims, token_header);
  return bend_id_token ? bend_id_token(made) : made;
}

OutgoingReply RogueProvider::token(const OutgoingRequest& request) {
  complain(request.method != "POST", "token: method");
  complain(request.content_type != "application/x-www-form-urlencoded", "token: content type");
  Fields form = parsed_form(request.body);
  std::string pair = form_encoded({{"", kClientId}}).substr(1) + ":" +
                     form_encoded({{"", kClientSecret}}).substr(1);
  const std::string basic =
      "Basic " + to_base64({reinterpret_cast<const std::uint8_t*>(pair.data()), pair.size()});
  const bool in_body = form["client_id"] == kClientId && form["client_secret"] == kClientSecret;
  complain(header(request, "Authorization") != basic && !in_body, "token: client");
  complain(form["grant_type"] != "authorization_code", "token: grant_type");
  const auto found = codes_.find(form["code"]);
  if (found == codes_.end() || found->second.used) {
    return json_reply(400, {{"error", "invalid_grant"}});
  }
  Code& code = found->second;
  code.used = true;
  complain(form["redirect_uri"] != code.redirect_uri, "token: redirect_uri");
  complain(form["code_verifier"].size() < 43, "token: code_verifier");
  if (pkce_challenge(form["code_verifier"]) != code.challenge) {
    return json_reply(400, {{"error", "invalid_grant"}});
  }
  Json tokens = {{"access_token", access_token_},
                 {"token_type", "Bearer"},
                 {"expires_in", 300},
                 {"id_token", id_token(code, access_token_)}};
  if (bend_tokens) bend_tokens(tokens);
  return json_reply(200, tokens);
}

OutgoingReply RogueProvider::user_info(const OutgoingRequest& request) {
  if (header(request, "Authorization") != "Bearer " + access_token_) return json_reply(401, {});
  Json info = {{"sub", subject}, {"department", "sales"}, {"phone_number", "+86"}};
  if (bend_user_info) bend_user_info(info);
  return json_reply(200, info);
}

}  // namespace wenyuan::auth
