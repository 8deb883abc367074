#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/identity/token_text.h"
#include "tests/auth/identity/identity_fixture.h"

namespace wenyuan::auth {
namespace {

using Outcome = Exchanged::Outcome;
using testing::ElementsAre;
using testing::StartsWith;

class SessionsTest : public IdentityTest {
 protected:
  const std::string ann_ = user("ann", {}, {"auditor"});
  static constexpr UnixMillis kMinute = 60 * 1000;
  static constexpr UnixMillis kDay = 24 * 60 * kMinute;
};

TEST_F(SessionsTest, OpenWithTheAccessTokenForAQuarterOfAnHour) {
  const SessionTokens made = begin(ann_);
  EXPECT_THAT(made.access_token, StartsWith("wya_"));
  EXPECT_THAT(made.refresh_token, StartsWith("wyr_"));
  EXPECT_EQ(made.access_expires_at, now_ + 15 * kMinute);
  const Principal principal = must(by_token(made.access_token));
  EXPECT_EQ(principal.user_id, ann_);
  EXPECT_EQ(principal.key_id, made.session.id);
  EXPECT_THAT(principal.scopes, ElementsAre("*"));
  now_ = made.access_expires_at - 1;
  EXPECT_TRUE(opens(made));
  now_ += 1;
  EXPECT_EQ(by_token(made.access_token).error().code, ErrorCode::unauthenticated);
}

TEST_F(SessionsTest, DoNotOpenWithAnythingElse) {
  const SessionTokens made = begin(ann_);
  std::string other = made.access_token;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  for (const std::string& wrong :
       {std::string(), std::string("wya_"), other, made.access_token + "A", made.session.id,
        made.refresh_token, "wya_" + made.refresh_token.substr(4), std::string(100'000, 'x')}) {
    EXPECT_FALSE(by_token(wrong)) << wrong.substr(0, 80);
  }
  EXPECT_EQ(exchange(made.access_token).outcome, Outcome::wrong);
  EXPECT_EQ(exchange("wyr_" + made.access_token.substr(4)).outcome, Outcome::wrong);
}

TEST_F(SessionsTest, GoOnWithTheRefreshToken) {
  SessionTokens held = begin(ann_);
  const std::string id = held.session.id;
  for (int day = 0; day < 20; ++day) {
    now_ += kDay;
    EXPECT_FALSE(opens(held));
    const Exchanged next = exchange(held.refresh_token);
    ASSERT_EQ(next.outcome, Outcome::renewed) << day;
    EXPECT_EQ(next.tokens->session.id, id);
    EXPECT_TRUE(opens(*next.tokens));
    held = *next.tokens;
  }
  EXPECT_EQ(sessions(ann_).size(), 1U);
}

TEST_F(SessionsTest, EndAtOnceForBothWhenARefreshTokenComesBack) {
  const SessionTokens first = begin(ann_);
  const SessionTokens second = *exchange(first.refresh_token).tokens;
  const SessionTokens third = *exchange(second.refresh_token).tokens;
  const SessionTokens other = begin(ann_);
  const Epoch before = database_->epoch();
  const Exchanged stolen = exchange(first.refresh_token);
  EXPECT_EQ(stolen.outcome, Outcome::reused);
  EXPECT_EQ(stolen.user_id, ann_);
  EXPECT_GT(database_->epoch(), before) << "requests on their way must look again";
  for (const SessionTokens& one : {first, second, third}) {
    EXPECT_FALSE(opens(one));
    EXPECT_EQ(exchange(one.refresh_token).outcome, Outcome::wrong);
  }
  EXPECT_TRUE(opens(other)) << "another session of the same user";
}

TEST_F(SessionsTest, EndWhenTheyAreNotUsedOrTooOld) {
  const SessionTokens idle = begin(ann_);
  now_ += 7 * kDay;
  EXPECT_EQ(exchange(idle.refresh_token).outcome, Outcome::wrong);
  SessionTokens held = begin(ann_);
  const UnixMillis end = now_ + 30 * kDay;
  while (now_ + 3 * kDay < end) {
    now_ += 3 * kDay;
    held = *exchange(held.refresh_token).tokens;
    EXPECT_LE(held.session.expires_at, end);
  }
  now_ = end - kMinute;
  held = *exchange(held.refresh_token).tokens;
  EXPECT_EQ(held.access_expires_at, end);
  now_ = end;
  EXPECT_FALSE(opens(held));
  EXPECT_EQ(exchange(held.refresh_token).outcome, Outcome::wrong);
  EXPECT_TRUE(sessions(ann_).empty());
}

TEST_F(SessionsTest, FollowTheirUser) {
  const SessionTokens made = begin(ann_);
  EXPECT_TRUE(must(by_token(made.access_token)).acts_as("auditor"));
  must(change(ann_, {.roles = std::vector<std::string>{}}));
  EXPECT_FALSE(must(by_token(made.access_token)).acts_as("auditor"));
  must(change(ann_, {.disabled = true}));
  EXPECT_FALSE(opens(made));
  EXPECT_EQ(exchange(made.refresh_token).outcome, Outcome::wrong);
  must(change(ann_, {.disabled = false}));
  EXPECT_TRUE(opens(made));
  must(write([&](store::Transaction& tx) { return identities_->remove_user(tx, ann_, {}); }));
  EXPECT_FALSE(opens(made));
}

TEST_F(SessionsTest, AreListedAndEnded) {
  const SessionTokens one = begin(ann_);
  now_ += kMinute;
  const SessionTokens two = begin(ann_);
  const SessionTokens three = begin(ann_);
  const SessionTokens bobs = begin(user("bob"));
  ASSERT_EQ(sessions(ann_).size(), 3U);
  EXPECT_EQ(sessions(ann_)[0].id, one.session.id);
  const Epoch before = database_->epoch();
  must(write([&](store::Transaction& tx) { return sign_in_->sessions().end(tx, one.session.id); }));
  EXPECT_GT(database_->epoch(), before);
  EXPECT_FALSE(opens(one));
  EXPECT_EQ(must(write([&](store::Transaction& tx) {
              return sign_in_->sessions().end_all(tx, ann_, two.session.id);
            })),
            1);
  EXPECT_TRUE(opens(two));
  EXPECT_FALSE(opens(three));
  EXPECT_TRUE(opens(bobs));
  EXPECT_EQ(
      write([&](store::Transaction& tx) { return sign_in_->sessions().end(tx, one.session.id); })
          .error()
          .code,
      ErrorCode::not_found);
}

TEST_F(SessionsTest, AreNotMoreThanAHundredForOneUser) {
  const SessionTokens first = begin(ann_);
  for (int i = 0; i < 100; ++i) {
    now_ += 1;
    begin(ann_);
  }
  EXPECT_EQ(sessions(ann_).size(), 100U);
  EXPECT_FALSE(opens(first)) << "the oldest went";
}

TEST_F(SessionsTest, BeginWithoutMakingPermitsStale) {
  const Epoch before = database_->epoch();
  const SessionTokens made = begin(ann_);
  exchange(made.refresh_token);
  EXPECT_EQ(database_->epoch(), before);
}

TEST_F(SessionsTest, KeepNoTokenInTheDatabase) {
  const SessionTokens made = begin(ann_);
  const int found = must(read([&](store::Snapshot& s) -> Result<int> {
    WY_TRY(auto rows, s.prepare("SELECT count(*) FROM session_tokens WHERE mac = CAST(?1 AS BLOB) "
                                "OR instr(mac, CAST(?1 AS BLOB)) > 0"));
    WY_RETURN_IF_ERROR(rows.bind(1, made.access_token).step());
    return static_cast<int>(rows.integer(0));
  }));
  EXPECT_EQ(found, 0);
}

// Permits ask who somebody is by the credential; a session's must be known there too.
TEST_F(SessionsTest, GivePermits) {
  const std::string collection_id = organization(ann_);
  const SessionTokens made = begin(ann_);
  const Principal principal = must(by_token(made.access_token));
  EXPECT_TRUE(permit(principal, Action::manage).covers_collection(collection_id));
  must(
      write([&](store::Transaction& tx) { return sign_in_->sessions().end(tx, made.session.id); }));
  const auto refused =
      read([&](store::Snapshot& s) { return engine_.permit(s, principal, Action::read); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
}

TEST_F(SessionsTest, MayAdministerOnlyWithASecondFactorWhenTheirRoleAsksForIt) {
  const std::string boss = user("boss", {}, {"admin", "auditor"});
  const SessionTokens weak = begin(boss);
  const SessionTokens strong = begin(boss, true);
  EXPECT_FALSE(must(by_token(weak.access_token)).acts_as("admin"));
  EXPECT_FALSE(must(by_token(weak.access_token)).has_scope("admin"));
  EXPECT_TRUE(must(by_token(weak.access_token)).has_scope("documents:write"));
  EXPECT_TRUE(must(by_token(strong.access_token)).acts_as("admin"));
  must(write([&](store::Transaction& tx) {
    return sign_in_->sessions().raise_to_second_factor(tx, weak.session.id);
  }));
  EXPECT_TRUE(must(by_token(weak.access_token)).acts_as("admin"));
}

TEST_F(SessionsTest, AreHeldToTheSettingOfTheLastStart) {
  const SessionTokens made = begin(ann_);
  EXPECT_TRUE(must(by_token(made.access_token)).acts_as("auditor"));
  SignIn::Options options;
  options.second_factor_roles = {"auditor"};
  sign_in_ = open_sign_in(options);
  EXPECT_FALSE(must(by_token(made.access_token)).acts_as("auditor"));
  options.second_factor_roles = {};
  sign_in_ = open_sign_in(options);
  EXPECT_TRUE(must(by_token(made.access_token)).acts_as("auditor"));
  options.second_factor_roles = {"king"};
  EXPECT_FALSE(SignIn::open(*database_, *identities_, options));
}

TEST_F(SessionsTest, TakeOverWhoeverGotARoleMeanwhile) {
  const SessionTokens made = begin(ann_);
  must(change(ann_, {.roles = std::vector<std::string>{"admin"}}));
  EXPECT_FALSE(must(by_token(made.access_token)).acts_as("admin")) << "no second factor was shown";
}

}  // namespace
}  // namespace wenyuan::auth
