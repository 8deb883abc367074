// Runs other people's vectors for signatures: Wycheproof's, when they lie beside the project.
#include "tests/wycheproof.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <set>

#include "auth/identity/jwt.h"
#include "base/base64.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

using nlohmann::json;

const std::vector<JwsAlgorithm> kAll = {
    JwsAlgorithm::rs256, JwsAlgorithm::rs384, JwsAlgorithm::rs512, JwsAlgorithm::ps256,
    JwsAlgorithm::ps384, JwsAlgorithm::ps512, JwsAlgorithm::es256, JwsAlgorithm::es384,
    JwsAlgorithm::es512, JwsAlgorithm::eddsa, JwsAlgorithm::hs256, JwsAlgorithm::hs384,
    JwsAlgorithm::hs512};

std::string from_hex_text(const json& hex) {
  const auto bytes = *from_hex(hex.get<std::string>());
  return {bytes.begin(), bytes.end()};
}

// The other half of a pair is for checking; where there is none it is a secret.
const json& checking_key(const json& group) {
  return group.contains("public") && !group["public"].is_null() ? group["public"]
                                                                : group["private"];
}

bool accepts(const KeySet& keys, const json& test) {
  return test["jws"].is_string() &&
         verify_jws(test["jws"].get<std::string>(), keys, kAll).has_value();
}

TEST(Wycheproof, SignaturesOfTokens) {
  const json all = wycheproof_vectors("json_web_signature");
  if (all.is_null()) GTEST_SKIP() << "no vectors beside the project";
  // Vectors that call good what is not: keys whose "alg" is another one ("ES521" is none at all)
  // than that of the token, and tokens with a question mark in their base64url.
  const std::set<int> stricter = {346, 347, 350, 351, 372, 373};
  std::set<std::string> good;
  for (const json& group : all["testGroups"]) {
    for (const json& test : group["tests"]) {
      if (test["result"] == "valid") good.insert(test["jws"].dump() + checking_key(group).dump());
    }
  }
  int accepted = 0, rejected = 0, contradictory = 0;
  for (const json& group : all["testGroups"]) {
    KeySet keys;
    if (auto key = parse_jwk(checking_key(group).dump())) keys.keys.push_back(*std::move(key));
    for (const json& test : group["tests"]) {
      const bool wanted = test["result"] == "valid" && !stricter.contains(test["tcId"]);
      // The same token with the same key is called good elsewhere in the file.
      if (test["result"] != "valid" &&
          good.contains(test["jws"].dump() + checking_key(group).dump())) {
        ++contradictory;
        continue;
      }
      EXPECT_EQ(accepts(keys, test), wanted) << test["tcId"] << " " << test["comment"];
      ++(wanted ? accepted : rejected);
    }
  }
  EXPECT_EQ(accepted + rejected + contradictory, all["numberOfTests"]);
  EXPECT_GE(accepted, 40);
  EXPECT_LE(contradictory, 2);
  RecordProperty("accepted", accepted);
  RecordProperty("rejected", rejected);
  RecordProperty("contradictory", contradictory);
}

TEST(Wycheproof, SetsOfKeys) {
  const json all = wycheproof_vectors("json_web_key");
  if (all.is_null()) GTEST_SKIP() << "no vectors beside the project";
  int count = 0;
  for (const json& group : all["testGroups"]) {
    auto keys = parse_jwks(checking_key(group).dump());
    for (const json& test : group["tests"]) {
      const bool accepted = keys && accepts(*keys, test);
      EXPECT_EQ(accepted, test["result"] == "valid") << test["tcId"] << " " << test["comment"];
      ++count;
    }
  }
  EXPECT_EQ(count, all["numberOfTests"]);
}

TEST(Wycheproof, Ed25519) {
  const json all = wycheproof_vectors("ed25519");
  if (all.is_null()) GTEST_SKIP() << "no vectors beside the project";
  int count = 0;
  for (const json& group : all["testGroups"]) {
    const auto key = VerificationKey::from_public_key(from_hex_text(group["publicKeyDer"]));
    ASSERT_TRUE(key) << group["publicKeyDer"];
    for (const json& test : group["tests"]) {
      const bool accepted =
          key->verify(JwsAlgorithm::eddsa, from_hex_text(test["msg"]), from_hex_text(test["sig"]));
      EXPECT_EQ(accepted, test["result"] == "valid") << test["tcId"] << " " << test["comment"];
      ++count;
    }
  }
  EXPECT_EQ(count, all["numberOfTests"]);
}

// Short keys and short tags are not for us: they must be refused even where the vector is good.
TEST(Wycheproof, HmacSha256) {
  const json all = wycheproof_vectors("hmac_sha256");
  if (all.is_null()) GTEST_SKIP() << "no vectors beside the project";
  int checked = 0, refused = 0;
  for (const json& group : all["testGroups"]) {
    for (const json& test : group["tests"]) {
      const auto key = VerificationKey::from_secret(from_hex_text(test["key"]));
      const bool usable = key && group["tagSize"] == 256;
      const bool accepted = key && key->verify(JwsAlgorithm::hs256, from_hex_text(test["msg"]),
                                               from_hex_text(test["tag"]));
      EXPECT_EQ(accepted, usable && test["result"] == "valid") << test["tcId"];
      ++(usable ? checked : refused);
    }
  }
  EXPECT_EQ(checked + refused, all["numberOfTests"]);
  EXPECT_GE(checked, 50);
}

}  // namespace
}  // namespace wenyuan::auth
