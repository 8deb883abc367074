#include "tests/auth/identity/rogue_provider.h"

namespace wenyuan::auth {
namespace {

using Json = nlohmann::json;
using Bend = std::function<void(RogueProvider&)>;

Bend claims(std::function<void(Json&)> change) {
  return [change](RogueProvider& p) { p.bend_claims = change; };
}
Bend header(std::function<void(Json&)> change) {
  return [change](RogueProvider& p) { p.bend_header = change; };
}
Bend metadata(std::function<void(Json&)> change) {
  return [change](RogueProvider& p) { p.bend_metadata = change; };
}
Bend jwks(std::function<void(Json&)> change) {
  return [change](RogueProvider& p) { p.bend_jwks = change; };
}
Bend tokens(std::function<void(Json&)> change) {
  return [change](RogueProvider& p) { p.bend_tokens = change; };
}
Bend answer(std::function<void(Fields&)> change) {
  return [change](RogueProvider& p) { p.bend_answer = change; };
}
Bend claim(const char* name, Json value) {
  return claims([name, value](Json& all) { all[name] = value; });
}
Bend without(const char* name) {
  return claims([name](Json& all) { all.erase(name); });
}
// Seconds from now.
Bend time(const char* name, std::int64_t away) {
  return [name, away](RogueProvider& p) {
    const std::int64_t seconds = p.now / 1000 + away;
    p.bend_claims = [name, seconds](Json& all) { all[name] = seconds; };
  };
}
Bend token_text(std::function<std::string(const std::string&)> change) {
  return [change](RogueProvider& p) { p.bend_id_token = change; };
}

void add_token_cases(std::vector<RogueCase>& cases) {
  cases.insert(
      cases.end(),
      {
          {"iss of another", claim("iss", "https://evil.example")},
          {"iss with a slash behind it",
           claims([](Json& all) { all["iss"] = all["iss"].get<std::string>() + "/"; })},
          {"no iss", without("iss")},
          {"aud of another client", claim("aud", "somebody else")},
          {"aud without us", claim("aud", {"one", "two"})},
          {"several aud and no azp", claim("aud", {"wenyuan client", "two"})},
          {"azp of another", claim("azp", "two")},
          {"azp that is no text", claim("azp", 7)},
          {"no aud", without("aud")},
          {"expired", time("exp", -61)},
          {"no exp", without("exp")},
          {"exp as a text", claim("exp", "tomorrow")},
          {"not valid yet", time("nbf", 120)},
          {"issued in the future", time("iat", 120)},
          {"issued long ago", time("iat", -3600)},
          {"no iat", without("iat")},
          {"no nonce", without("nonce")},
          {"another nonce", claim("nonce", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
          {"a list as nonce", claims([](Json& all) { all["nonce"] = {all["nonce"]}; })},
          {"no sub", without("sub")},
          {"empty sub", claim("sub", "")},
          {"sub that is no text", claim("sub", 1)},
          {"sub that is too long", claim("sub", std::string(256, 'x'))},
          {"at_hash of another token", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
          {"alg none", header([](Json& all) { all["alg"] = "none"; })},
          {"alg HS256 with the public key", header([](Json& all) { all["alg"] = "HS256"; })},
          {"alg that the key is not for", header([](Json& all) { all["alg"] = "PS256"; })},
          {"crit", header([](Json& all) { all["crit"] = {"exp"}; })},
          {"kid of nobody", header([](Json& all) { all["kid"] = "../key-1"; })},
          {"typ of another token", header([](Json& all) { all["typ"] = "at+jwt"; })},
          {"typ of a logout token", header([](Json& all) { all["typ"] = "logout+jwt"; })},
          {"header that is too long",
           header([](Json& all) { all["padding"] = std::string(5000, 'x'); })},
          {"signed by somebody else",
           [](RogueProvider& p) { p.signer = &RogueProvider::other_key(); }},
          {"its own key in the header",
           [](RogueProvider& p) {
             p.signer = &RogueProvider::other_key();
             p.bend_header = [](Json& all) { all["jwk"] = RogueProvider::other_key().jwk(); };
           }},
          {"no signature", token_text([](const std::string& token) {
             return token.substr(0, token.rfind('.') + 1);
           })},
          {"two signatures", token_text([](const std::string& token) {
             return token + token.substr(token.rfind('.'));
           })},
          {"not a token", token_text([](const std::string&) { return "nonsense"; })},
          {"a very long token", claim("padding", std::string(20'000, 'x'))},
          {"encrypted token", token_text([](const std::string& token) { return token + ".a.b"; })},
      });
}

void add_flow_cases(std::vector<RogueCase>& cases) {
  cases.insert(
      cases.end(),
      {
          {"answer names another issuer",
           answer([](Fields& all) { all["iss"] = "https://evil.example"; })},
          {"answer names no issuer although it always does",
           answer([](Fields& all) { all.erase("iss"); })},
          {"state of nobody", answer([](Fields& all) { all["state"] = std::string(43, 'A'); })},
          {"no state", answer([](Fields& all) { all.erase("state"); })},
          {"state with something behind it", answer([](Fields& all) { all["state"] += "x"; })},
          {"no code", answer([](Fields& all) { all.erase("code"); })},
          {"code of nobody", answer([](Fields& all) { all["code"] = "code of another"; })},
          {"a very long code", answer([](Fields& all) { all["code"] = std::string(5000, 'c'); })},
          {"an error", answer([](Fields& all) { all["error"] = "access_denied"; })},
          {"no ID token", tokens([](Json& all) { all.erase("id_token"); })},
          {"an ID token that is no text", tokens([](Json& all) {
             all["id_token"] = {1, 2};
           })},
          {"token type mac", tokens([](Json& all) { all["token_type"] = "mac"; })},
          {"tokens in a list", tokens([](Json& all) { all = Json::array({all}); })},
          {"keys of somebody else",
           jwks([](Json& all) { all["keys"] = {RogueProvider::other_key().jwk()}; })},
          {"no keys", jwks([](Json& all) { all["keys"] = Json::array(); })},
          {"keys for encryption", jwks([](Json& all) { all["keys"][0]["use"] = "enc"; })},
          {"two keys with one name",
           jwks([](Json& all) { all["keys"].push_back(all["keys"][0]); })},
          {"a shared secret among the keys",
           [](RogueProvider& p) {
             static const TokenMaker secret("HS256", "key-1");
             p.signer = &secret;
             p.bend_jwks = [](Json& all) { all["keys"] = {secret.jwk()}; };
             p.bend_header = [](Json& all) { all["alg"] = "HS256"; };
           }},
          {"metadata of another issuer",
           metadata([](Json& all) { all["issuer"] = "https://evil.example"; })},
          {"metadata with a slash behind the issuer",
           metadata([](Json& all) { all["issuer"] = all["issuer"].get<std::string>() + "/"; })},
          {"token endpoint elsewhere",
           metadata([](Json& all) { all["token_endpoint"] = "https://evil.example/token"; })},
          {"keys elsewhere",
           metadata([](Json& all) { all["jwks_uri"] = "http://169.254.169.254/k"; })},
          {"userinfo elsewhere",
           metadata([](Json& all) { all["userinfo_endpoint"] = "https://evil.example/u"; })},
          {"sign-in page in clear text",
           metadata([](Json& all) { all["authorization_endpoint"] = "http://evil.example/a"; })},
          {"no PKCE",
           metadata([](Json& all) { all["code_challenge_methods_supported"] = {"plain"}; })},
          {"no code flow",
           metadata([](Json& all) { all["response_types_supported"] = {"token"}; })},
          {"no token endpoint", metadata([](Json& all) { all.erase("token_endpoint"); })},
          {"a page instead of tokens",
           [](RogueProvider& p) {
             p.bend_reply = [](OutgoingReply& reply) { reply.content_type = "text/html"; };
           }},
          {"nothing but errors",
           [](RogueProvider& p) {
             p.bend_reply = [](OutgoingReply& reply) { reply.status = 500; };
           }},
          {"a redirect",
           [](RogueProvider& p) {
             p.bend_reply = [](OutgoingReply& reply) { reply.status = 302; };
           }},
          {"members given twice",
           [](RogueProvider& p) {
             p.bend_reply = [](OutgoingReply& reply) {
               if (reply.body.size() > 2)
                 reply.body.insert(1,
                                   "\"issuer\":\"x\",\"id_token\":\"x\","
                                   "\"keys\":[],");
             };
           }},
      });
}

}  // namespace

std::vector<RogueCase> rogue_cases() {
  std::vector<RogueCase> cases;
  add_token_cases(cases);
  add_flow_cases(cases);
  return cases;
}

}  // namespace wenyuan::auth
