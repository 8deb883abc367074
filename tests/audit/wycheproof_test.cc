// Vectors for AES-GCM, HKDF and Ed25519, through the wrappers of this folder.
#include "tests/wycheproof.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "audit/checkpoint_key.h"
#include "audit/cipher.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

using nlohmann::json;

std::string bytes(const json& hex) {
  const auto made = *from_hex(hex.get<std::string>());
  return {made.begin(), made.end()};
}

bool is_valid(const json& test) { return test["result"] != "invalid"; }

TEST(Wycheproof, OpensOnlyGoodCiphertextsOfAes256Gcm) {
  const json all = wycheproof_vectors("aes_gcm");
  if (all.is_null()) GTEST_SKIP() << "no vectors in ../shared/data/wycheproof";
  int count = 0;
  for (const json& group : all["testGroups"]) {
    if (group["keySize"] != 256 || group["ivSize"] != 96 || group["tagSize"] != 128) continue;
    for (const json& test : group["tests"]) {
      CipherKey key{};
      const std::string raw = bytes(test["key"]);
      std::copy(raw.begin(), raw.end(), key.begin());
      const auto opened = unseal(key, bytes(test["iv"]) + bytes(test["ct"]) + bytes(test["tag"]),
                                 bytes(test["aad"]));
      EXPECT_EQ(opened.has_value(), is_valid(test)) << test["tcId"];
      store::CipherNonce nonce{};
      const std::string iv = bytes(test["iv"]);
      std::copy(iv.begin(), iv.end(), nonce.begin());
      const std::string sealed = store::seal_at(key, nonce, bytes(test["msg"]), bytes(test["aad"]));
      EXPECT_EQ(sealed == bytes(test["ct"]) + bytes(test["tag"]), is_valid(test)) << test["tcId"];
      if (opened && is_valid(test)) {
        EXPECT_EQ(*opened, bytes(test["msg"])) << test["tcId"];
      }
      ++count;
    }
  }
  EXPECT_GT(count, 50);
}

TEST(Wycheproof, DerivesTheKeysOfHkdf) {
  const json all = wycheproof_vectors("hkdf_sha256");
  if (all.is_null()) GTEST_SKIP() << "no vectors in ../shared/data/wycheproof";
  int count = 0;
  for (const json& group : all["testGroups"]) {
    for (const json& test : group["tests"]) {
      // A longer output begins with the same bytes.
      if (!is_valid(test) || test["size"].get<int>() < 32) continue;
      const CipherKey key =
          derive_key(bytes(test["ikm"]), bytes(test["info"]), bytes(test["salt"]));
      EXPECT_EQ(to_hex(key), test["okm"].get<std::string>().substr(0, 64)) << test["tcId"];
      ++count;
    }
  }
  EXPECT_GT(count, 5);
}

TEST(Wycheproof, TakesOnlyGoodSignaturesOfEd25519) {
  const json all = wycheproof_vectors("ed25519");
  if (all.is_null()) GTEST_SKIP() << "no vectors in ../shared/data/wycheproof";
  int count = 0;
  for (const json& group : all["testGroups"]) {
    const auto key = VerifyingKey::from_raw(bytes(group["publicKey"]["pk"]));
    ASSERT_TRUE(key);
    for (const json& test : group["tests"]) {
      EXPECT_EQ(key->verifies(bytes(test["msg"]), bytes(test["sig"])), is_valid(test))
          << test["tcId"];
      ++count;
    }
  }
  EXPECT_GT(count, 100);
}

}  // namespace
}  // namespace wenyuan::audit
