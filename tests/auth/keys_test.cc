#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "auth/key_secret.h"
#include "auth/key_text.h"
#include "auth/password.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class KeysTest : public AuthTest {
 protected:
  std::vector<ApiKey> keys() {
    return must(read([&](store::Snapshot& s) { return identities_->keys(s, ann_); }));
  }
  Result<NewKey> try_key(std::vector<std::string> scopes,
                         std::optional<UnixMillis> expires_at = std::nullopt) {
    return write([&](store::Transaction& tx) {
      return identities_->add_key(tx, ann_, "key", std::move(scopes), expires_at, now_);
    });
  }
  Status choose(const std::string& user_id, const std::string& text) {
    return write([&](store::Transaction& tx) {
      return identities_->add_chosen_key(tx, user_id, "first", text, now_);
    });
  }
  bool valid(const std::string& text) { return by_key(text).has_value(); }

  const std::string ann_ = user("ann", {{"department", "hr"}}, {"auditor"});
};

TEST_F(KeysTest, LiveFromBeingAddedToBeingRemoved) {
  const NewKey made = key(ann_, {"search", "ask", "search"});
  EXPECT_TRUE(has_key_form(made.key));
  EXPECT_EQ(made.info.prefix, made.key.substr(0, 11));
  EXPECT_THAT(made.info.scopes, ElementsAre("ask", "search"));
  const Principal principal = must(by_key(made.key));
  EXPECT_EQ(principal.user_id, ann_);
  EXPECT_EQ(principal.key_id, made.info.id);
  EXPECT_TRUE(principal.has_role("auditor"));
  EXPECT_FALSE(principal.acts_as("auditor")) << "the key has no scope for duties";
  EXPECT_TRUE(principal.has_scope("ask"));
  EXPECT_FALSE(principal.has_scope("admin"));
  ASSERT_EQ(keys().size(), 1U);
  EXPECT_EQ(keys()[0].prefix, made.info.prefix);
  must(write([&](store::Transaction& tx) { return identities_->remove_key(tx, made.info.id); }));
  EXPECT_FALSE(valid(made.key));
  EXPECT_TRUE(keys().empty());
}

TEST_F(KeysTest, AreRefusedWhenWrong) {
  const NewKey made = key(ann_, {"*"});
  EXPECT_TRUE(valid(made.key));
  std::string other = made.key;
  other.back() = other.back() == 'x' ? 'y' : 'x';
  for (const std::string& wrong :
       {std::string(), other, made.key + "x", made.key.substr(1), made.info.prefix, made.info.id,
        std::string(1'000'000, 'w'), std::string("wy_\0", 4)}) {
    const auto refused = by_key(wrong);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
    EXPECT_EQ(refused.error().message, "the API key is not valid");
  }
}

TEST_F(KeysTest, Expire) {
  const NewKey made = key(ann_, {"*"}, now_ + 1000);
  now_ += 999;
  EXPECT_TRUE(valid(made.key));
  now_ += 1;
  EXPECT_FALSE(valid(made.key));
  EXPECT_EQ(try_key({"*"}, now_).error().code, ErrorCode::invalid_argument);
}

TEST_F(KeysTest, DieWithTheirOwner) {
  const NewKey made = key(ann_, {"*"});
  must(change(ann_, {.disabled = true}));
  EXPECT_FALSE(valid(made.key));
  must(change(ann_, {.disabled = false}));
  EXPECT_TRUE(valid(made.key));
}

TEST_F(KeysTest, FollowTheRightsOfTheirOwner) {
  const NewKey made = key(ann_, {"admin"});
  EXPECT_TRUE(must(by_key(made.key)).acts_as("auditor"));
  EXPECT_FALSE(must(by_key(made.key)).acts_as("admin"));
  must(change(ann_, {.roles = std::vector<std::string>{}}));
  EXPECT_FALSE(must(by_key(made.key)).acts_as("auditor"));
}

TEST_F(KeysTest, HaveKnownScopes) {
  EXPECT_THAT(try_key({}).error().message, StartsWith("scopes: expected some of"));
  EXPECT_THAT(try_key({"search", "everything"}).error().message, StartsWith("scopes: "));
}

TEST_F(KeysTest, MayBeChosen) {
  const std::string text = "correct-horse-battery-staple-2024";
  EXPECT_EQ(choose(ann_, text.substr(0, 31)).error().code, ErrorCode::invalid_argument);
  must(choose(ann_, text));
  EXPECT_THAT(must(by_key(text)).scopes, ElementsAre("*"));
  ASSERT_EQ(keys().size(), 1U);
  EXPECT_EQ(keys()[0].prefix, "corr");
  const Epoch before = database_->epoch();
  must(choose(ann_, text));
  EXPECT_EQ(database_->epoch(), before) << "nothing changed";
  EXPECT_EQ(keys().size(), 1U);
  EXPECT_EQ(choose(user("bob"), text).error().code, ErrorCode::conflict);
}

TEST_F(KeysTest, RememberTheHourOfTheirLastUse) {
  const NewKey made = key(ann_, {"*"});
  const auto due = [&] {
    return must(read(
        [&](store::Snapshot& s) { return identities_->key_use_is_due(s, made.info.id, now_); }));
  };
  const auto note = [&] {
    must(write(
        [&](store::Transaction& tx) { return identities_->note_key_use(tx, made.info.id, now_); }));
  };
  const UnixMillis first = now_;
  EXPECT_TRUE(due());
  const Epoch before = database_->epoch();
  note();
  EXPECT_EQ(database_->epoch(), before);
  now_ += 60 * 60 * 1000 - 1;
  EXPECT_FALSE(due());
  note();
  EXPECT_EQ(keys()[0].last_used_at, first);
  now_ += 1;
  EXPECT_TRUE(due());
  note();
  EXPECT_EQ(keys()[0].last_used_at, now_);
}

TEST_F(KeysTest, AreNotInTheDatabase) {
  const NewKey made = key(ann_, {"*"});
  must(database_->checkpoint());
  const std::string bytes = must(read_file(directory_ / "wenyuan.db"));
  EXPECT_NE(bytes.find(made.info.id), std::string::npos);
  EXPECT_EQ(bytes.find(made.key), std::string::npos);
  EXPECT_EQ(bytes.find(made.key.substr(11, 32)), std::string::npos);
}

TEST_F(KeysTest, OutliveARestart) {
  const NewKey made = key(ann_, {"*"});
  identities_ = must(Identities::open(*database_));
  EXPECT_TRUE(valid(made.key));
}

TEST_F(KeysTest, DependOnTheStoresSecret) {
  const KeySecret secret = must(KeySecret::open(database_->keys()));
  EXPECT_EQ(must(secret.mac("a")), must(secret.mac("a")));
  EXPECT_NE(must(secret.mac("a")), must(secret.mac("b")));
  EXPECT_NE(must(secret.mac("a")), must(KeySecret(store::CipherKey{}).mac("a")));
}

// RFC 4231, test case 2, with the key filled up to our size by zeros as HMAC itself does.
TEST(KeySecret, IsUsedForHmacSha256) {
  const KeySecret secret(store::CipherKey{'J', 'e', 'f', 'e'});
  const KeyMac mac = must(secret.mac("what do ya want for nothing?"));
  EXPECT_EQ(to_hex(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(KeyText, IsRandomAndCarriesAChecksum) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = new_key_text();
    EXPECT_EQ(text.size(), 53U);
    EXPECT_TRUE(has_key_form(text));
    EXPECT_TRUE(seen.insert(text).second);
  }
  std::string text = *seen.begin();
  text[20] = text[20] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(has_key_form(text));
  EXPECT_FALSE(has_key_form("wy_"));
  EXPECT_FALSE(has_key_form(""));
  // The CRC-32 of the 46 characters before it, in base 62.
  EXPECT_TRUE(has_key_form("wy_" + std::string(43, '0') + "_1zGC0G"));
}

TEST(Password, IsHashedByTheStrengthOfTheRole) {
  PasswordHasher hasher;
  const auto plain = must(hasher.hash("correct horse", PasswordStrength::user));
  EXPECT_THAT(plain.phc, StartsWith("$argon2id$v=19$m=47104,t=1,p=1$"));
  EXPECT_TRUE(must(hasher.verify("correct horse", plain)));
  EXPECT_FALSE(must(hasher.verify("correct horsf", plain)));
  EXPECT_NE(must(hasher.hash("correct horse", PasswordStrength::user)).phc, plain.phc);
  const auto strong = must(hasher.hash("correct horse", PasswordStrength::administrator));
  EXPECT_THAT(strong.phc, StartsWith("$argon2id$v=19$m=65536,t=3,p=1$"));
  EXPECT_TRUE(PasswordHasher::is_outdated(plain, PasswordStrength::administrator));
  EXPECT_FALSE(PasswordHasher::is_outdated(strong, PasswordStrength::administrator));
}

TEST(Password, HasADecoyOfTheSameCostThatNothingFits) {
  PasswordHasher hasher;
  for (const auto strength : {PasswordStrength::user, PasswordStrength::administrator}) {
    const HashedPassword decoy = PasswordHasher::decoy(strength);
    EXPECT_FALSE(PasswordHasher::is_outdated(decoy, strength));
    EXPECT_FALSE(must(hasher.verify("", decoy)));
    EXPECT_FALSE(must(hasher.verify("correct horse", decoy)));
  }
}

TEST(Password, HasASizeThatMakesSense) {
  PasswordHasher hasher;
  EXPECT_FALSE(hasher.hash("1234567", PasswordStrength::user));
  EXPECT_TRUE(hasher.hash("12345678", PasswordStrength::user));
  EXPECT_TRUE(hasher.hash(std::string(256, 'x'), PasswordStrength::user));
  EXPECT_FALSE(hasher.hash(std::string(257, 'x'), PasswordStrength::user));
}

TEST(Password, IsCorruptWhenItsHashIsNone) {
  PasswordHasher hasher;
  const auto verified = hasher.verify("correct horse", {"$2b$10$notargon"});
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace wenyuan::auth
