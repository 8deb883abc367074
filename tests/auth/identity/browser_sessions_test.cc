#include <gtest/gtest.h>

#include "tests/auth/identity/identity_fixture.h"

namespace wenyuan::auth {
namespace {

class BrowserSessions : public IdentityTest {
 protected:
  SessionTokens begin_in_browser(const std::string& user_id) {
    SessionStart start;
    start.user_id = user_id;
    start.in_browser = true;
    return must(
        write([&](store::Transaction& tx) { return sign_in_->sessions().begin(tx, start, now_); }));
  }
  Result<Principal> by_cookie(const std::string& token) {
    return read([&](store::Snapshot& s) {
      return sign_in_->sessions().authenticate_browser(s, token, now_);
    });
  }
  // As each request does.
  bool use(const SessionTokens& tokens) {
    if (!by_cookie(tokens.access_token)) return false;
    const std::string& id = tokens.session.id;
    const bool due = must(
        read([&](store::Snapshot& s) { return sign_in_->sessions().use_is_due(s, id, now_); }));
    if (due) {
      must(write(
          [&](store::Transaction& tx) { return sign_in_->sessions().note_use(tx, id, now_); }));
    }
    return true;
  }
};

constexpr UnixMillis kHour = UnixMillis{60} * 60 * 1000;

TEST_F(BrowserSessions, HaveOneTokenThatOnlyACookieHolds) {
  const std::string id = user("ann");
  const SessionTokens browser = begin_in_browser(id);
  EXPECT_TRUE(browser.access_token.starts_with("wyb_"));
  EXPECT_EQ(browser.refresh_token, "");
  EXPECT_EQ(must(by_cookie(browser.access_token)).user_id, id);
  EXPECT_FALSE(by_token(browser.access_token)) << "in a header it is nothing";
  EXPECT_EQ(exchange(browser.access_token).outcome, Exchanged::Outcome::wrong);
  const SessionTokens pair = begin(id);
  EXPECT_FALSE(by_cookie(pair.access_token));
  EXPECT_FALSE(by_cookie(pair.refresh_token));
}

TEST_F(BrowserSessions, LastAsLongAsTheyAreUsed) {
  const SessionTokens used = begin_in_browser(user("ann"));
  const SessionTokens left = begin_in_browser(user("bob"));
  for (int hours = 0; hours < 8 * 24; hours += 12) {
    now_ += 12 * kHour;
    ASSERT_TRUE(use(used)) << hours;
  }
  EXPECT_FALSE(use(left)) << "unused for a week";
  for (int days = 8; days < 30; ++days) {
    use(used);
    now_ += 24 * kHour;
  }
  EXPECT_FALSE(use(used)) << "thirty days old";
}

TEST_F(BrowserSessions, WriteTheirUseOnceInAnHour) {
  const SessionTokens tokens = begin_in_browser(user("ann"));
  const auto due = [&] {
    return must(read([&](store::Snapshot& s) {
      return sign_in_->sessions().use_is_due(s, tokens.session.id, now_);
    }));
  };
  EXPECT_FALSE(due());
  now_ += kHour;
  EXPECT_TRUE(due());
  EXPECT_TRUE(use(tokens));
  EXPECT_FALSE(due());
}

TEST_F(BrowserSessions, EndLikeOthers) {
  const std::string id = user("ann");
  const SessionTokens one = begin_in_browser(id), two = begin_in_browser(id);
  EXPECT_EQ(sessions(id).size(), 2U);
  must(write([&](store::Transaction& tx) { return sign_in_->sessions().end(tx, one.session.id); }));
  EXPECT_FALSE(by_cookie(one.access_token));
  EXPECT_TRUE(by_cookie(two.access_token));
  user("boss", {}, {"admin"});
  must(change(id, {.disabled = true}));
  EXPECT_FALSE(by_cookie(two.access_token));
}

TEST_F(BrowserSessions, BeginWithAPassword) {
  user_with_password("ann");
  SignInAttempt attempt;
  attempt.username = "ann";
  attempt.password = kPassword;
  attempt.in_browser = true;
  const auto outcome = must(sign_in_->by_password(
      attempt, now_, [](store::Transaction&, const SessionTokens&) -> Status { return Done{}; }));
  ASSERT_TRUE(outcome.tokens);
  EXPECT_TRUE(by_cookie(outcome.tokens->access_token));
}

}  // namespace
}  // namespace wenyuan::auth
