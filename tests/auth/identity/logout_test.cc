// Sign-out by the word of the provider: OpenID Connect Back-Channel Logout 1.0.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/identity/single_sign_on.h"
#include "tests/auth/identity/identity_fixture.h"
#include "tests/auth/identity/rogue_provider.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Json = nlohmann::json;

constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";

class LogoutTest : public IdentityTest {
 protected:
  LogoutTest() {
    sso_ = must(
        SingleSignOn::open({rogue_.config()}, {}, exchange_, *database_, *identities_, *sign_in_));
  }

  // A session that began with this sign-in at the provider.
  SessionTokens signed_in(const std::string& sid, bool in_browser = false) {
    rogue_.bend_claims = [&](Json& claims) {
      if (!sid.empty()) claims["sid"] = sid;
    };
    const StartedSignIn started = must(sso_->start("corp", "", now_));
    rogue_.now = now_;
    Fields answer = rogue_.sign_in(started.address);
    const FinishedSignIn finished = must(sso_->finish(
        "corp", started.browser, {answer["code"], answer["state"], answer["iss"], answer["error"]},
        now_, [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; }));
    SessionStart from;
    from.in_browser = in_browser;
    return must(
        sso_->exchange(finished.code, started.browser, from, now_,
                       [](store::Transaction&, const SessionTokens&) -> Status { return Done{}; }));
  }

  Json claims() const {
    return {{"iss", rogue_.config().issuer},
            {"aud", rogue_.config().client_id},
            {"iat", now_ / 1000},
            {"exp", now_ / 1000 + 120},
            {"jti", new_id("jti")},
            {"sub", rogue_.subject},
            {"sid", "there-1"},
            {"events", {{kEvent, Json::object()}}}};
  }
  static Json header() { return {{"alg", "RS256"}, {"kid", "key-1"}, {"typ", "logout+jwt"}}; }
  static std::string token(const Json& claims) {
    return RogueProvider::key().token(claims, header());
  }
  Status send(const std::string& token, const std::string& provider = "corp") {
    ended_.clear();
    return sso_->sign_out(provider, token, now_,
                          [&](store::Transaction&, const std::string& user_id,
                              const std::vector<std::string>& sessions) -> Status {
                            user_ = user_id;
                            ended_ = sessions;
                            return Done{};
                          });
  }

  RogueProvider rogue_{"https://id.example", now_};
  RogueExchange exchange_{rogue_};
  std::unique_ptr<SingleSignOn> sso_;
  std::string user_;
  std::vector<std::string> ended_;
};

TEST_F(LogoutTest, EndsTheSessionThatBeganWithThatSignIn) {
  const SessionTokens one = signed_in("there-1"), two = signed_in("there-2");
  const std::string own = begin(one.session.user_id).access_token;
  must(send(token(claims())));
  EXPECT_THAT(ended_, ElementsAre(one.session.id));
  EXPECT_EQ(user_, one.session.user_id);
  EXPECT_FALSE(opens(one));
  EXPECT_TRUE(opens(two));
  EXPECT_TRUE(by_token(own)) << "a session that it did not vouch for";
}

TEST_F(LogoutTest, EndsAllOfAPersonWhenItNamesNoSignIn) {
  const SessionTokens one = signed_in("there-1"), two = signed_in("");
  rogue_.subject = "subject-2";
  rogue_.person["preferred_username"] = "bob";
  const SessionTokens other = signed_in("there-3");
  rogue_.subject = "subject-1";
  Json all = claims();
  all.erase("sid");
  must(send(token(all)));
  EXPECT_FALSE(opens(one));
  EXPECT_FALSE(opens(two));
  EXPECT_TRUE(opens(other));
}

TEST_F(LogoutTest, EndsOneSignInWithoutSayingWhose) {
  const SessionTokens one = signed_in("there-1", true), two = signed_in("there-2");
  Json all = claims();
  all.erase("sub");
  must(send(token(all)));
  EXPECT_THAT(ended_, ElementsAre(one.session.id));
  EXPECT_TRUE(opens(two));
}

TEST_F(LogoutTest, EndsAlsoWhatMayBeMeant) {
  const SessionTokens unnamed = signed_in("");
  must(send(token(claims())));
  EXPECT_FALSE(opens(unnamed)) << "it could be the one";
}

TEST_F(LogoutTest, OfSomebodyElseEndsNothing) {
  const SessionTokens one = signed_in("there-1");
  Json all = claims();
  all["sub"] = "subject-9";
  must(send(token(all)));
  EXPECT_THAT(ended_, IsEmpty());
  all = claims();
  all["sid"] = "there-9";
  must(send(token(all)));
  EXPECT_THAT(ended_, IsEmpty());
  EXPECT_TRUE(opens(one));
}

TEST_F(LogoutTest, ReachesWhoeverIsJustComingBack) {
  const StartedSignIn started = must(sso_->start("corp", "", now_));
  rogue_.bend_claims = [](Json& claims) { claims["sid"] = "there-1"; };
  Fields answer = rogue_.sign_in(started.address);
  const FinishedSignIn finished = must(sso_->finish(
      "corp", started.browser, {answer["code"], answer["state"], answer["iss"], ""}, now_,
      [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; }));
  must(send(token(claims())));
  EXPECT_FALSE(
      sso_->exchange(finished.code, started.browser, SessionStart{}, now_,
                     [](store::Transaction&, const SessionTokens&) -> Status { return Done{}; }));
}

TEST_F(LogoutTest, IsTakenOnce) {
  const std::string sent = token(claims());
  must(send(sent));
  const SessionTokens later = signed_in("there-1");
  const Status again = send(sent);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "the logout token came before");
  EXPECT_TRUE(opens(later));
}

struct WrongToken {
  const char* why;
  std::function<void(Json&)> bend;
};

TEST_F(LogoutTest, IsNotBelievedWhenAnythingIsWrong) {
  const SessionTokens one = signed_in("there-1");
  const auto set = [](const char* name, Json value) {
    return [name, value = std::move(value)](Json& all) { all[name] = value; };
  };
  const auto drop = [](const char* name) { return [name](Json& all) { all.erase(name); }; };
  const std::int64_t now = now_ / 1000;
  const WrongToken wrong[] = {
      {"another issuer", set("iss", "https://evil.example")},
      {"no issuer", drop("iss")},
      {"another audience", set("aud", "somebody")},
      {"no audience", drop("aud")},
      {"expired", set("exp", now - 100'000)},
      {"never expires", drop("exp")},
      {"made in the future", set("iat", now + 100'000)},
      {"made long ago", set("iat", now - 100'000)},
      {"made at no time", drop("iat")},
      {"no event", drop("events")},
      {"events in a list", set("events", Json::array({kEvent}))},
      {"an event in a text", set("events", kEvent)},
      {"another event", set("events", {{"http://schemas.openid.net/event/other", Json::object()}})},
      {"an event that is no object", set("events", {{kEvent, true}})},
      {"a nonce", set("nonce", "x")},
      {"a nonce that is null", set("nonce", nullptr)},
      {"no jti", drop("jti")},
      {"an empty jti", set("jti", "")},
      {"a jti that is a number", set("jti", 7)},
      {"a long jti", set("jti", std::string(300, 'x'))},
      {"a sub that is a number", set("sub", 7)},
      {"an empty sub", set("sub", "")},
      {"a sid that is a list", set("sid", Json::array({"there-1"}))},
      {"nobody",
       [](Json& all) {
         all.erase("sub");
         all.erase("sid");
       }},
  };
  for (const WrongToken& each : wrong) {
    Json all = claims();
    each.bend(all);
    const Status sent = send(token(all));
    ASSERT_FALSE(sent) << each.why;
    EXPECT_EQ(sent.error().code, ErrorCode::unauthenticated) << each.why;
  }
  Json as_id_token = header();
  as_id_token["typ"] = "at+jwt";
  Json unsigned_header = header();
  unsigned_header["alg"] = "none";
  for (const std::string& sent :
       {RogueProvider::other_key().token(claims(), header()),
        RogueProvider::key().token(claims(), as_id_token),
        RogueProvider::key().token_of(unsigned_header.dump(), claims().dump()) + "",
        token(claims()) + "x", std::string("no token"), std::string()}) {
    EXPECT_FALSE(send(sent)) << sent;
  }
  EXPECT_EQ(send(token(claims()), "other").error().code, ErrorCode::not_found);
  EXPECT_TRUE(opens(one));
}

TEST_F(LogoutTest, IsNoIdToken) {
  const StartedSignIn started = must(sso_->start("corp", "", now_));
  Fields answer = rogue_.sign_in(started.address);
  rogue_.bend_id_token = [&](const std::string&) { return token(claims()); };
  EXPECT_FALSE(sso_->finish(
      "corp", started.browser, {answer["code"], answer["state"], answer["iss"], ""}, now_,
      [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; }));
}

TEST_F(LogoutTest, TellsWhereElseToSignOut) {
  Provider* const provider = sso_->provider("corp");
  EXPECT_EQ(provider->end_session(now_),
            "https://id.example/realm/logout?client_id=wenyuan%20client");
  ProviderConfig config = rogue_.config();
  config.signed_out_uri = "https://kb.example/";
  const auto sso =
      must(SingleSignOn::open({config}, {}, exchange_, *database_, *identities_, *sign_in_));
  EXPECT_EQ(sso->provider("corp")->end_session(now_),
            "https://id.example/realm/logout?client_id=wenyuan%20client&post_logout_redirect_uri="
            "https%3A%2F%2Fkb.example%2F");
  exchange_.down = true;
  const auto alone =
      must(SingleSignOn::open({config}, {}, exchange_, *database_, *identities_, *sign_in_));
  EXPECT_EQ(alone->provider("corp")->end_session(now_), "");
}

}  // namespace
}  // namespace wenyuan::auth
