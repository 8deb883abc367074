#include "auth/identity/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/base64.h"
#include "tests/auth/identity/token_maker.h"

namespace wenyuan::auth {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr UnixMillis kNow = 1'700'000'000'000;
constexpr std::int64_t kSeconds = kNow / 1000;

const char* const kAlgorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                   "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"};

// Making RSA keys takes a moment, so each is made once.
const TokenMaker& maker(const std::string& algorithm) {
  static std::map<std::string, TokenMaker> makers;
  const auto found = makers.find(algorithm);
  if (found != makers.end()) return found->second;
  return makers.emplace(algorithm, TokenMaker(algorithm, "key of " + algorithm)).first->second;
}

KeySet keys_of(const json& jwks) {
  auto set = parse_jwks(jwks.dump());
  EXPECT_TRUE(set) << (set ? "" : set.error().message);
  return set ? *std::move(set) : KeySet{};
}
KeySet keys_of(const TokenMaker& one) { return keys_of({{"keys", {one.jwk()}}}); }

JwtRules rules(std::vector<JwsAlgorithm> algorithms) {
  JwtRules wanted;
  wanted.issuer = "https://id.example";
  wanted.audience = "wenyuan";
  wanted.algorithms = std::move(algorithms);
  return wanted;
}
const std::vector<JwsAlgorithm> kPublic = {JwsAlgorithm::rs256, JwsAlgorithm::ps256,
                                           JwsAlgorithm::es256, JwsAlgorithm::eddsa};

json claims(const json& changes = json::object()) {
  json all = {{"iss", "https://id.example"}, {"aud", "wenyuan"},     {"sub", "ann"},
              {"exp", kSeconds + 300},       {"iat", kSeconds - 10}, {"nbf", kSeconds - 10}};
  all.merge_patch(changes);
  return all;
}

bool accepted(const std::string& token, const KeySet& keys, const JwtRules& wanted) {
  return verify_jwt(token, keys, wanted, kNow).has_value();
}

TEST(Jwt, IsAcceptedWithEveryAlgorithmThatIsAllowed) {
  for (const std::string algorithm : kAlgorithms) {
    const TokenMaker& one = maker(algorithm);
    const KeySet keys = keys_of(one);
    ASSERT_EQ(keys.keys.size(), 1U) << algorithm;
    const auto checked =
        verify_jwt(one.token(claims()), keys, rules({*jws_algorithm(algorithm)}), kNow);
    ASSERT_TRUE(checked) << algorithm << checked.error().message;
    EXPECT_EQ(checked->text("sub"), "ann");
    for (const std::string other : kAlgorithms) {
      if (other == algorithm) continue;
      EXPECT_FALSE(accepted(one.token(claims()), keys, rules({*jws_algorithm(other)}))) << other;
    }
  }
}

// RFC 8725, section 2.1: the key decides which algorithms are possible, not the token.
TEST(Jwt, CannotChooseHowItsKeyIsUsed) {
  const TokenMaker& rsa = maker("RS256");
  const std::string pem = rsa.public_pem();
  json jwk = {{"kty", "oct"}, {"k", base64url(pem)}, {"kid", rsa.key_id()}};
  TokenMaker forger("HS256", rsa.key_id());
  const KeySet right = keys_of(rsa);
  const std::vector<JwsAlgorithm> both = {JwsAlgorithm::rs256, JwsAlgorithm::hs256};
  EXPECT_FALSE(accepted(forger.token(claims()), right, rules(both)));
  for (const char* none : {"none", "None", "NONE", "nOnE", ""}) {
    const json header = {{"alg", none}, {"kid", rsa.key_id()}};
    EXPECT_FALSE(accepted(rsa.token(claims(), header), right, rules(both))) << none;
    const std::string unsigned_token =
        base64url(header.dump()) + "." + base64url(claims().dump()) + ".";
    EXPECT_FALSE(accepted(unsigned_token, right, rules(both))) << none;
  }
  // A key that says RS256 is for nothing else, PS256 with the same numbers included.
  const json header = {{"alg", "PS256"}, {"kid", rsa.key_id()}};
  EXPECT_FALSE(accepted(rsa.token(claims(), header), right,
                        rules({JwsAlgorithm::rs256, JwsAlgorithm::ps256})));
}

TEST(Jwt, BringsNoKeysOfItsOwn) {
  const TokenMaker& right = maker("ES256");
  const TokenMaker forger("ES256", right.key_id());
  for (const json& header : std::vector<json>{
           {{"alg", "ES256"}, {"jwk", forger.jwk()}},
           {{"alg", "ES256"}, {"kid", right.key_id()}, {"jwk", forger.jwk()}},
           {{"alg", "ES256"}, {"kid", right.key_id()}, {"jku", "https://evil.example/jwks"}},
           {{"alg", "ES256"}, {"kid", right.key_id()}, {"x5u", "https://evil.example/c"}},
           {{"alg", "ES256"}, {"kid", "../../dev/null"}},
           {{"alg", "ES256"}, {"kid", "x' OR '1'='1"}}}) {
    EXPECT_FALSE(accepted(forger.token(claims(), header), keys_of(right), rules(kPublic)))
        << header.dump();
  }
}

TEST(Jwt, IsRefusedForWhatIsWrongInItsHeader) {
  const TokenMaker& one = maker("EdDSA");
  const KeySet keys = keys_of(one);
  const std::string kid = one.key_id();
  for (const json& header :
       std::vector<json>{{{"alg", "EdDSA"}, {"kid", kid}, {"crit", {"exp"}}},
                         {{"alg", "EdDSA"}, {"kid", kid}, {"crit", json::array()}},
                         {{"alg", "EdDSA"}, {"kid", kid}, {"b64", false}},
                         {{"alg", "EdDSA"}, {"kid", kid}, {"typ", "at+jwt"}},
                         {{"alg", "EdDSA"}, {"kid", kid}, {"typ", "logout+jwt"}},
                         {{"alg", "EdDSA"}, {"kid", kid}, {"typ", 1}},
                         {{"alg", "EdDSA"}, {"kid", 1}},
                         {{"alg", "EdDSA"}, {"kid", "another"}},
                         {{"alg", {"EdDSA"}}, {"kid", kid}},
                         {{"kid", kid}},
                         json::array({"EdDSA"}),
                         {{"alg", "EdDSA"}, {"kid", kid}, {"padding", std::string(5000, 'x')}}}) {
    EXPECT_FALSE(accepted(one.token(claims(), header), keys, rules(kPublic))) << header.dump();
  }
  for (const char* text : {R"({"alg":"EdDSA","alg":"none"})", R"({"alg":"none","alg":"EdDSA"})",
                           R"({"alg":"EdDSA"} )"
                           "x",
                           "", "{", "null", "\xff"}) {
    EXPECT_FALSE(accepted(one.token_of(text, claims().dump()), keys, rules(kPublic))) << text;
  }
  EXPECT_TRUE(accepted(one.token(claims(), {{"alg", "EdDSA"}}), keys, rules(kPublic)))
      << "one key, and no name";
  EXPECT_TRUE(accepted(one.token(claims(), {{"alg", "EdDSA"}, {"typ", "application/JWT"}}), keys,
                       rules(kPublic)));
}

TEST(Jwt, IsRefusedForWhatIsWrongInItsClaims) {
  const TokenMaker& one = maker("EdDSA");
  const KeySet keys = keys_of(one);
  for (const json& change : std::vector<json>{{{"iss", "https://id.example/"}},
                                              {{"iss", "https://ID.example"}},
                                              {{"iss", nullptr}},
                                              {{"iss", {"https://id.example"}}},
                                              {{"aud", "another"}},
                                              {{"aud", nullptr}},
                                              {{"aud", json::array()}},
                                              {{"aud", {"another", "third"}}},
                                              {{"aud", {"wenyuan", 1}}},
                                              {{"aud", {{"wenyuan", true}}}},
                                              {{"exp", nullptr}},
                                              {{"exp", kSeconds - 60}},
                                              {{"exp", std::to_string(kSeconds + 300)}},
                                              {{"exp", -1}},
                                              {{"exp", 1e300}},
                                              {{"exp", kSeconds - 20}, {"iat", kSeconds - 10}},
                                              {{"nbf", kSeconds + 61}},
                                              {{"nbf", "now"}},
                                              {{"iat", kSeconds + 61}},
                                              {{"iat", kSeconds - 25 * 3600}},
                                              {{"iat", nullptr}, {"exp", kSeconds + 25 * 3600}},
                                              {{"iat", true}}}) {
    const auto checked = verify_jwt(one.token(claims(change)), keys, rules(kPublic), kNow);
    EXPECT_FALSE(checked) << change.dump();
    if (checked) continue;
    EXPECT_EQ(checked.error().code, ErrorCode::unauthenticated);
    EXPECT_THAT(checked.error().message, HasSubstr("the token is refused")) << change.dump();
  }
  for (const json& change : std::vector<json>{{{"aud", {"another", "wenyuan"}}},
                                              {{"exp", kSeconds - 59}, {"iat", kSeconds - 100}},
                                              {{"exp", kSeconds + 300.5}},
                                              {{"nbf", kSeconds + 60}},
                                              {{"iat", nullptr}, {"nbf", nullptr}}}) {
    EXPECT_TRUE(accepted(one.token(claims(change)), keys, rules(kPublic))) << change.dump();
  }
  const std::string twice = R"({"iss":"https://id.example","aud":"wenyuan","exp":)" +
                            std::to_string(kSeconds + 300) + R"(,"sub":"ann","sub":"boss"})";
  EXPECT_FALSE(accepted(one.token_of(R"({"alg":"EdDSA"})", twice), keys, rules(kPublic)));
  for (const char* text : {"", "[]", "{", "\"ann\"", "{}"}) {
    EXPECT_FALSE(accepted(one.token_of(R"({"alg":"EdDSA"})", text), keys, rules(kPublic))) << text;
  }
}

TEST(Jwt, HasALimitToItsSize) {
  const TokenMaker& one = maker("EdDSA");
  const json long_claims = claims({{"note", std::string(kJwsSizeMax, 'x')}});
  EXPECT_FALSE(accepted(one.token(long_claims), keys_of(one), rules(kPublic)));
  std::string deep = "{\"iss\":";
  for (int i = 0; i < 1000; ++i) deep += '[';
  EXPECT_FALSE(accepted(one.token_of(R"({"alg":"EdDSA"})", deep), keys_of(one), rules(kPublic)));
}

TEST(Jwt, IsToldApartFromKeys) {
  EXPECT_TRUE(has_jws_form(maker("EdDSA").token(claims())));
  for (const char* other : {"", "wy_abc", "eyJhbGciOiJub25lIn0", "a.b.c", "eyJ.b", "eyJ.b.c.d"}) {
    EXPECT_FALSE(has_jws_form(other)) << other;
  }
  const auto hint = peek_jws(maker("EdDSA").token(claims()));
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->issuer, "https://id.example");
  EXPECT_EQ(hint->key_id, "key of EdDSA");
  EXPECT_FALSE(peek_jws("a.b.c"));
}

// Whoever changes anything at all in a good token gets nothing.
TEST(Jwt, IsNeverAcceptedOnceItWasChanged) {
  std::mt19937 random(20261122);
  const auto pick = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ";
  std::vector<std::string> tokens;
  json jwks = {{"keys", json::array()}};
  for (const char* algorithm : {"RS256", "PS256", "ES256", "EdDSA"}) {
    tokens.push_back(maker(algorithm).token(claims()));
    jwks["keys"].push_back(maker(algorithm).jwk());
  }
  const KeySet keys = keys_of(jwks);
  const JwtRules wanted = rules(kPublic);
  for (const std::string& token : tokens) ASSERT_TRUE(accepted(token, keys, wanted));
  int wrongly_accepted = 0, tried = 0;
  while (tried < 100'000) {
    const std::string& original = tokens[pick(tokens.size())];
    std::string changed = original;
    for (std::size_t times = 1 + pick(3); times > 0; --times) {
      const std::size_t at = pick(changed.size());
      switch (pick(5)) {
        case 0: changed[at] = kAlphabet[pick(kAlphabet.size())]; break;
        case 1:
          changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at),
                         kAlphabet[pick(kAlphabet.size())]);
          break;
        case 2: changed.erase(at, 1 + pick(4)); break;
        case 3: changed[at] = static_cast<char>(changed[at] ^ (1 << pick(8))); break;
        default: {  // parts of another token
          const std::string& other = tokens[pick(tokens.size())];
          const std::size_t cut = std::min(at, other.size());
          changed = changed.substr(0, at) + other.substr(cut);
        }
      }
      if (changed.empty()) break;
    }
    if (std::ranges::find(tokens, changed) != tokens.end()) continue;
    ++tried;
    if (accepted(changed, keys, wanted)) ++wrongly_accepted;
  }
  EXPECT_EQ(wrongly_accepted, 0);
}

TEST(Jwks, SkipsWhatItCannotUse) {
  json encryption = maker("RS256").jwk();
  encryption["use"] = "enc";
  encryption["kid"] = "enc";
  const json strange = {{"kty", "XYZ"}, {"kid", "strange"}};
  json wrong_operation = maker("ES256").jwk();
  wrong_operation["key_ops"] = {"sign"};
  const KeySet set =
      keys_of({{"keys", {encryption, strange, wrong_operation, 7, maker("EdDSA").jwk()}}});
  EXPECT_EQ(set.keys.size(), 1U);
  EXPECT_EQ(set.skipped, 4);
}

TEST(Jwks, IsRefusedWhenItIsAmbiguous) {
  const json key = maker("EdDSA").jwk();
  EXPECT_FALSE(parse_jwks(json{{"keys", {key, key}}}.dump()));
  EXPECT_FALSE(parse_jwks(json{{"keys", {key, maker("HS256").jwk()}}}.dump()));
  for (const char* text : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[],"keys":[]})"}) {
    EXPECT_FALSE(parse_jwks(text)) << text;
  }
  json many = {{"keys", json::array()}};
  for (int i = 0; i < 65; ++i) many["keys"].push_back(json::object());
  EXPECT_FALSE(parse_jwks(many.dump()));
}

TEST(Jwk, IsRefusedWhenItIsWeak) {
  const auto bad = [](const json& jwk) { return !parse_jwk(jwk.dump()).has_value(); };
  json rsa = maker("RS256").jwk();
  rsa["e"] = "AQ";
  EXPECT_TRUE(bad(rsa)) << "exponent 1";
  rsa["e"] = "Ag";
  EXPECT_TRUE(bad(rsa)) << "exponent 2";
  rsa = maker("RS256").jwk();
  rsa["n"] = rsa["n"].get<std::string>().substr(0, 200);
  EXPECT_TRUE(bad(rsa)) << "too short";
  json ec = maker("ES256").jwk();
  ec["y"] = maker("ES256").jwk()["x"];
  EXPECT_TRUE(bad(ec)) << "not on the curve";
  ec = maker("ES256").jwk();
  ec["crv"] = "P-384";
  EXPECT_TRUE(bad(ec));
  ec["crv"] = "secp256k1";
  EXPECT_TRUE(bad(ec));
  EXPECT_TRUE(bad({{"kty", "oct"}, {"k", base64url("31 bytes are not enough for it.")}}));
  EXPECT_TRUE(bad({{"kty", "OKP"}, {"crv", "X25519"}, {"x", maker("EdDSA").jwk()["x"]}}));
}

TEST(Jwk, CanBeAPemInstead) {
  for (const char* algorithm : {"RS256", "ES256", "ES384", "ES512", "EdDSA"}) {
    const auto key = VerificationKey::from_public_key(maker(algorithm).public_pem());
    ASSERT_TRUE(key) << algorithm;
    EXPECT_TRUE(key->verify(*jws_algorithm(algorithm), "text", maker(algorithm).sign("text")));
    EXPECT_FALSE(key->verify(*jws_algorithm(algorithm), "Text", maker(algorithm).sign("text")));
    const auto again = VerificationKey::from_public_key(key->public_der());
    ASSERT_TRUE(again) << algorithm;
    EXPECT_EQ(again->public_der(), key->public_der());
  }
  for (const char* text : {"", "-----BEGIN PUBLIC KEY-----", "MCowBQYDK2VwAyEA"}) {
    EXPECT_FALSE(VerificationKey::from_public_key(text)) << text;
  }
  EXPECT_FALSE(VerificationKey::from_public_key(
      VerificationKey::from_public_key(maker("EdDSA").public_pem())->public_der() + "x"));
}

TEST(Base64, HasOneSpellingForEachValue) {
  EXPECT_EQ(from_base64url("Zm9v"), "foo");
  EXPECT_EQ(from_base64url("Zm8"), "fo");
  EXPECT_EQ(from_base64url(""), "");
  EXPECT_EQ(from_base64("Zm8="), "fo");
  EXPECT_EQ(from_base64("Zg=="), "f");
  for (const char* bad : {"Z", "Zm9vZ", "Zm9=", "Zm+v", "Zm 9v", "Zm9", "Zh", "Zm9v\n"}) {
    EXPECT_FALSE(from_base64url(bad)) << bad;
  }
  for (const char* bad : {"Zm8", "Zm9=", "Z===", "====", "Zm-v", "Zm8= "}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

}  // namespace
}  // namespace wenyuan::auth
