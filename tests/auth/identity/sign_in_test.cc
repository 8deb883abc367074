#include <gtest/gtest.h>

#include "auth/identity/secret_box.h"
#include "tests/auth/identity/identity_fixture.h"

namespace wenyuan::auth {
namespace {

using Kind = SignInOutcome::Kind;

class SignInTest : public IdentityTest {
 protected:
  const std::string ann_ = user_with_password("ann");
};

TEST_F(SignInTest, NeedsTheRightPassword) {
  EXPECT_EQ(sign_in("ann", "another password").kind, Kind::refused);
  EXPECT_EQ(sign_in("nobody", kPassword).kind, Kind::refused);
  const SignInOutcome good = sign_in("ANN", kPassword);
  ASSERT_EQ(good.kind, Kind::signed_in);
  EXPECT_FALSE(good.second_factor_missing);
  EXPECT_EQ(good.tokens->session.method, "password");
  EXPECT_EQ(good.tokens->session.address, kHome);
  EXPECT_EQ(good.tokens->session.client, "test");
  EXPECT_TRUE(opens(*good.tokens));
}

TEST_F(SignInTest, NeedsTheSecondFactorOfThoseWhoHaveOne) {
  const Enrolled enrolled = enrol(ann_);
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::code_needed);
  EXPECT_EQ(sign_in("ann", kPassword, "000000").kind, Kind::code_wrong);
  EXPECT_EQ(sign_in("ann", "another password", code_of(enrolled.secret, now_)).kind, Kind::refused);
  const SignInOutcome good = sign_in("ann", kPassword, code_of(enrolled.secret, now_));
  ASSERT_EQ(good.kind, Kind::signed_in);
  EXPECT_TRUE(good.tokens->session.second_factor);
  EXPECT_EQ(sign_in("ann", kPassword, code_of(enrolled.secret, now_)).kind, Kind::code_wrong)
      << "each code once";
  EXPECT_EQ(sign_in("ann", kPassword, enrolled.recovery_codes[0]).kind, Kind::signed_in);
}

TEST_F(SignInTest, TellsAdministratorsThatTheyNeedASecondFactor) {
  const std::string boss = user_with_password("boss", {"admin"});
  const SignInOutcome weak = sign_in("boss", kPassword);
  ASSERT_EQ(weak.kind, Kind::signed_in);
  EXPECT_TRUE(weak.second_factor_missing);
  EXPECT_FALSE(must(by_token(weak.tokens->access_token)).acts_as("admin"));
  const Enrolled enrolled = enrol(boss);
  const SessionTokens strong = tokens("boss", code_of(enrolled.secret, now_));
  EXPECT_TRUE(must(by_token(strong.access_token)).acts_as("admin"));
}

TEST_F(SignInTest, LocksAfterFiveFailuresForTimesThatDouble) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("ann", "wrong wrong").kind, Kind::refused) << i;
  UnixMillis wait = 30'000;
  for (int i = 0; i < 7; ++i) {
    const SignInOutcome locked = sign_in("ann", kPassword);
    EXPECT_EQ(locked.kind, Kind::locked) << i;
    EXPECT_EQ(locked.wait_ms, wait);
    now_ += wait;
    EXPECT_EQ(sign_in("ann", "wrong wrong").kind, Kind::refused);
    wait = std::min<UnixMillis>(2 * wait, 15 * 60'000);
  }
  now_ += wait;
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::signed_in);
  EXPECT_EQ(sign_in("ann", "wrong wrong").kind, Kind::refused) << "counted from the beginning";
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::signed_in);
}

TEST_F(SignInTest, LocksNamesThatDoNotExistInTheSameWay) {
  for (const char* name : {"ann", "nobody"}) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in(name, "wrong wrong").kind, Kind::refused);
    const SignInOutcome locked = sign_in(name, "wrong wrong");
    EXPECT_EQ(locked.kind, Kind::locked) << name;
    EXPECT_EQ(locked.wait_ms, 30'000) << name;
  }
}

TEST_F(SignInTest, LetsTheOwnerInWhileSomebodyElseGuessesElsewhere) {
  for (int i = 0; i < 6; ++i) sign_in("ann", "wrong wrong", "", "203.0.113.9");
  EXPECT_EQ(sign_in("ann", kPassword, "", "203.0.113.9").kind, Kind::locked);
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::signed_in);
}

TEST_F(SignInTest, LocksANameThatManyAddressesTry) {
  SignIn::Options options;
  options.guard.name_failures = 8;
  sign_in_ = open_sign_in(options);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(sign_in("ann", "wrong wrong", "", "203.0.113." + std::to_string(i)).kind,
              Kind::refused);
  }
  EXPECT_EQ(sign_in("ann", kPassword, "", "203.0.113.99").kind, Kind::locked);
}

TEST_F(SignInTest, StartsCountingAnewWhenSomebodyLiftsALockout) {
  for (const char* address : {kHome, "203.0.113.9"}) {
    for (int i = 0; i < 6; ++i) sign_in("ann", "wrong wrong", "", address);
    EXPECT_EQ(sign_in("ann", kPassword, "", address).kind, Kind::locked);
  }
  for (int i = 0; i < 6; ++i) sign_in("bob", "wrong wrong");
  must(write([&](store::Transaction& tx) { return sign_in_->lift_lockout(tx, "Ann", now_); }));
  now_ += 1;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sign_in("ann", "wrong wrong").kind, Kind::refused);
  EXPECT_EQ(sign_in("ann", kPassword, "", "203.0.113.9").kind, Kind::signed_in);
  EXPECT_EQ(sign_in("bob", kPassword).kind, Kind::locked) << "another name";
  for (int i = 0; i < 6; ++i) sign_in("ann", "wrong wrong");
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::locked);
}

// Else whoever knows the password could try codes without end, clearing the count in between.
TEST_F(SignInTest, CountsWrongAndMissingCodes) {
  enrol(ann_);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(sign_in("ann", kPassword, i % 2 == 0 ? "000000" : "").kind, Kind::locked);
  }
  EXPECT_EQ(sign_in("ann", kPassword, "000000").kind, Kind::locked);
}

TEST_F(SignInTest, RemembersFailuresOverARestartAndForgetsThemAfterADay) {
  for (int i = 0; i < 5; ++i) sign_in("ann", "wrong wrong");
  sign_in_ = open_sign_in();
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::locked);
  now_ += UnixMillis{25} * 60 * 60 * 1000;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sign_in("ann", "wrong wrong").kind, Kind::refused);
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::signed_in);
}

TEST_F(SignInTest, ProvesPasswordsUnderTheSameLimits) {
  const auto prove = [&](const char* password) {
    return must(sign_in_->prove_password("ann", password, kHome, now_)).kind;
  };
  for (int i = 0; i < 8; ++i) EXPECT_EQ(prove(kPassword), Kind::signed_in) << i;
  for (int i = 0; i < 3; ++i) static_cast<void>(prove("wrong wrong"));
  EXPECT_EQ(prove(kPassword), Kind::signed_in) << "and it clears nothing";
  for (int i = 0; i < 2; ++i) static_cast<void>(prove("wrong wrong"));
  EXPECT_EQ(prove(kPassword), Kind::locked);
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::locked);
}

TEST_F(SignInTest, HashesAnewForTheRolesOfToday) {
  must(change(ann_, {.roles = std::vector<std::string>{"admin"}}));
  const auto outdated = [&] {
    return must(
        read([&](store::Snapshot& s) { return identities_->password_is_outdated(s, ann_); }));
  };
  EXPECT_TRUE(outdated());
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::signed_in);
  EXPECT_FALSE(outdated());
  EXPECT_EQ(sign_in("ann", kPassword).kind, Kind::signed_in);
}

TEST_F(SignInTest, DoesNothingWhenItCannotBeRecorded) {
  SignInAttempt attempt;
  attempt.username = "ann";
  attempt.password = kPassword;
  const auto failed =
      sign_in_->by_password(attempt, now_, [](store::Transaction&, const SessionTokens&) -> Status {
        return Error{ErrorCode::unavailable, "the audit log is full"};
      });
  ASSERT_FALSE(failed);
  EXPECT_TRUE(sessions(ann_).empty());
}

TEST_F(SignInTest, SealsSecretsForOnePurposeAndOneRow) {
  const KeySecret& secret = sign_in_->secret();
  const auto sealed = must(seal_secret(secret, "test", "row 1", "hidden"));
  EXPECT_EQ(must(open_secret(secret, "test", "row 1", sealed)), "hidden");
  EXPECT_FALSE(open_secret(secret, "test", "row 2", sealed));
  EXPECT_FALSE(open_secret(secret, "other", "row 1", sealed));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto changed = sealed;
    changed[at] ^= 1;
    EXPECT_FALSE(open_secret(secret, "test", "row 1", changed)) << at;
    EXPECT_FALSE(open_secret(secret, "test", "row 1", std::span(sealed).first(at))) << at;
  }
  EXPECT_NE(must(seal_secret(secret, "test", "row 1", "hidden")), sealed);
}

}  // namespace
}  // namespace wenyuan::auth
