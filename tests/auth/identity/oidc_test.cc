#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/identity/single_sign_on.h"
#include "tests/auth/identity/identity_fixture.h"
#include "tests/auth/identity/rogue_provider.h"

namespace wenyuan::auth {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using Json = nlohmann::json;

class OidcTest : public IdentityTest {
 protected:
  OidcTest() : rogue_("https://id.example", now_) { reopen(); }

  void reopen() { sso_ = open_sso(config_); }
  std::unique_ptr<SingleSignOn> open_sso(const ProviderConfig& config) {
    return must(SingleSignOn::open({config}, {}, exchange_, *database_, *identities_, *sign_in_));
  }

  Result<StartedSignIn> start(const std::string& browser = "") {
    return sso_->start("corp", browser, now_);
  }
  Callback come_back(const std::string& address) {
    rogue_.now = now_;
    const Fields answer = rogue_.sign_in(address);
    const auto value = [&](const char* name) {
      const auto found = answer.find(name);
      return found == answer.end() ? std::string() : found->second;
    };
    return {value("code"), value("state"), value("iss"), value("error")};
  }
  Result<FinishedSignIn> finish(const std::string& browser, const Callback& callback) {
    return sso_->finish(
        "corp", browser, callback, now_,
        [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; });
  }
  Result<FinishedSignIn> sign_in_there() {
    WY_TRY(const StartedSignIn started, start());
    return finish(started.browser, come_back(started.address));
  }
  Result<SessionTokens> fetch(const std::string& code, const std::string& browser) {
    SessionStart from;
    from.address = kHome;
    from.client = "test";
    return sso_->exchange(
        code, browser, from, now_,
        [](store::Transaction&, const SessionTokens&) -> Status { return Done{}; });
  }
  User user_now(const std::string& id) {
    return must(read([&](store::Snapshot& s) { return identities_->user(s, id); }));
  }
  std::vector<std::string> members_of(const std::string& group_id) {
    return must(read([&](store::Snapshot& s) { return members(s, group_id); }));
  }
  std::size_t user_count() {
    store::Page page;
    page.limit = 200;
    return must(read([&](store::Snapshot& s) { return identities_->users(s, page); })).items.size();
  }

  RogueProvider rogue_;
  RogueExchange exchange_{rogue_};
  ProviderConfig config_ = rogue_.config();
  std::unique_ptr<SingleSignOn> sso_;
};

TEST_F(OidcTest, SignsInAndMakesTheUser) {
  const std::string team = group("Legal team", {});
  const StartedSignIn started = must(start());
  const FinishedSignIn finished = must(finish(started.browser, come_back(started.address)));
  EXPECT_THAT(rogue_.complaints, IsEmpty());
  EXPECT_TRUE(finished.user.created);
  const User made = user_now(finished.user.user_id);
  EXPECT_EQ(made.username, "ann");
  EXPECT_EQ(made.display_name, "Ann Example");
  EXPECT_EQ(made.email, "ann@example.com");
  EXPECT_EQ(std::get<std::string>(made.attributes.at("department")), "legal");
  EXPECT_THAT(made.roles, IsEmpty());
  EXPECT_FALSE(made.has_password);
  EXPECT_THAT(members_of(team), ElementsAre(made.id));
  const SessionTokens tokens = must(fetch(finished.code, started.browser));
  EXPECT_EQ(tokens.session.method, "oidc:corp");
  EXPECT_EQ(must(by_token(tokens.access_token)).user_id, made.id);
}

// Whatever the provider does wrong, nobody is signed in, and nobody is made.
TEST_F(OidcTest, BelievesNothingThatIsWrong) {
  const auto cases = rogue_cases();
  EXPECT_GE(cases.size(), 40U);
  for (const RogueCase& one : cases) {
    RogueProvider rogue("https://id.example", now_);
    RogueExchange exchange(rogue);
    one.bend(rogue);
    const auto sso =
        must(SingleSignOn::open({config_}, {}, exchange, *database_, *identities_, *sign_in_));
    const auto started = sso->start("corp", "", now_);
    if (!started) continue;  // it was seen in the metadata already
    const Fields answer = rogue.sign_in(started->address);
    const auto value = [&](const char* name) {
      const auto found = answer.find(name);
      return found == answer.end() ? std::string() : found->second;
    };
    const auto finished = sso->finish(
        "corp", started->browser, {value("code"), value("state"), value("iss"), value("error")},
        now_, [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; });
    EXPECT_FALSE(finished) << one.name;
    EXPECT_THAT(rogue.complaints, IsEmpty()) << one.name;
  }
  EXPECT_EQ(user_count(), 0U);
  EXPECT_TRUE(sign_in_there()) << "the same with nothing wrong";
}

TEST_F(OidcTest, TakesEachAnswerOnceAndFromItsBrowserAlone) {
  const StartedSignIn mine = must(start());
  const StartedSignIn theirs = must(start());
  const Callback answer = come_back(mine.address);
  EXPECT_FALSE(finish(theirs.browser, answer)) << "an answer slipped under another browser";
  EXPECT_FALSE(finish(mine.browser, answer)) << "it was used up by that";
  const StartedSignIn again = must(start());
  const Callback good = come_back(again.address);
  EXPECT_FALSE(finish("", come_back(must(start()).address)));
  EXPECT_TRUE(finish(again.browser, good));
  EXPECT_FALSE(finish(again.browser, good));
  const StartedSignIn late = must(start());
  const Callback answered = come_back(late.address);
  now_ += 10 * 60'000;
  EXPECT_FALSE(finish(late.browser, answered));
}

TEST_F(OidcTest, LetsTwoTabsOfOneBrowserSignIn) {
  const StartedSignIn one = must(start());
  const StartedSignIn two = must(start(one.browser));
  EXPECT_EQ(two.browser, one.browser);
  EXPECT_TRUE(finish(one.browser, come_back(one.address)));
  EXPECT_TRUE(finish(one.browser, come_back(two.address)));
  EXPECT_NE(must(start("chosen by somebody")).browser, "chosen by somebody");
}

TEST_F(OidcTest, LinksWhoIsSignedInToWhoIsThere) {
  const std::string bob = user_with_password("bob");
  const SessionTokens here = tokens("bob");
  const auto link = [&](const SessionTokens& by) -> Result<FinishedSignIn> {
    WY_TRY(const StartedSignIn started, sso_->start("corp", "", now_, by.session.id));
    EXPECT_NE(started.address.find("&prompt=login"), std::string::npos);
    return finish(started.browser, come_back(started.address));
  };
  const FinishedSignIn linked = must(link(here));
  EXPECT_THAT(rogue_.complaints, IsEmpty());
  EXPECT_TRUE(linked.linked);
  EXPECT_EQ(linked.code, "") << "a link is no sign-in";
  EXPECT_EQ(linked.user.user_id, bob);
  EXPECT_FALSE(link(here)) << "linked already";
  const FinishedSignIn later = must(sign_in_there());
  EXPECT_EQ(later.user.user_id, bob);
  EXPECT_FALSE(later.linked);
  EXPECT_EQ(user_count(), 1U);
}

TEST_F(OidcTest, LinksNobodyWhoseSessionIsOver) {
  const std::string bob = user_with_password("bob");
  const SessionTokens here = tokens("bob");
  const StartedSignIn started = must(sso_->start("corp", "", now_, here.session.id));
  must(
      write([&](store::Transaction& tx) { return sign_in_->sessions().end(tx, here.session.id); }));
  EXPECT_FALSE(finish(started.browser, come_back(started.address)));
  const SessionTokens again = tokens("bob");
  const StartedSignIn second = must(sso_->start("corp", "", now_, again.session.id));
  EXPECT_FALSE(finish("another browser", come_back(second.address)));
  EXPECT_EQ(must(read([&](store::Snapshot& s) { return links_of(s, bob); })).size(), 0U);
}

TEST_F(OidcTest, EndsALinkWithItsSessionsButNotTheLastWayIn) {
  const StartedSignIn started = must(start());
  const FinishedSignIn finished = must(finish(started.browser, come_back(started.address)));
  const SessionTokens there = must(fetch(finished.code, started.browser));
  const std::string id = finished.user.user_id;
  const auto unlink = [&](const std::string& subject) {
    return write([&](store::Transaction& tx) -> Status {
      WY_TRY(const User user, identities_->user(tx, id));
      return unlink_own(tx, user, "oidc:corp", subject, "");
    });
  };
  const auto links = must(read([&](store::Snapshot& s) { return links_of(s, id); }));
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(unlink(links[0].subject).error().code, ErrorCode::conflict);
  UserChange password;
  password.password = must(identities_->hash_password(kPassword, {}));
  must(change(id, password));
  EXPECT_EQ(unlink("somebody else").error().code, ErrorCode::not_found);
  EXPECT_TRUE(opens(there));
  must(unlink(links[0].subject));
  EXPECT_FALSE(opens(there));
  EXPECT_NE(must(sign_in_there()).user.user_id, id) << "a stranger now";
}

TEST_F(OidcTest, KeepsProvidersApart) {
  ProviderConfig other = config_;
  other.id = "other";
  other.redirect_uri = "https://kb.example/v1/auth/oidc/other/callback";
  const auto both = must(
      SingleSignOn::open({config_, other}, {}, exchange_, *database_, *identities_, *sign_in_));
  const StartedSignIn started = must(both->start("corp", "", now_));
  const auto mixed =
      both->finish("other", started.browser, come_back(started.address), now_,
                   [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; });
  EXPECT_FALSE(mixed);
  EXPECT_EQ(both->start("third", "", now_).error().code, ErrorCode::not_found);
  EXPECT_FALSE(
      SingleSignOn::open({config_, config_}, {}, exchange_, *database_, *identities_, *sign_in_));
}

TEST_F(OidcTest, GivesTokensForItsCodeOnceForAMinute) {
  const StartedSignIn started = must(start());
  const auto code = [&] {
    return must(finish(started.browser, come_back(must(start(started.browser)).address))).code;
  };
  const std::string first = code();
  EXPECT_FALSE(fetch(first, "another browser"));
  EXPECT_FALSE(fetch(first, started.browser)) << "used up by that";
  const std::string second = code();
  EXPECT_TRUE(fetch(second, started.browser));
  EXPECT_FALSE(fetch(second, started.browser));
  const std::string third = code();
  now_ += 60'000;
  EXPECT_FALSE(fetch(third, started.browser));
  const std::string fourth = code();
  must(change(must(sign_in_there()).user.user_id, {.disabled = true}));
  EXPECT_FALSE(fetch(fourth, started.browser));
  EXPECT_FALSE(sign_in_there()) << "and nobody who is disabled comes in anew";
}

TEST_F(OidcTest, KnowsPeopleByWhatTheProviderCallsThemAlone) {
  const std::string here_before = user("ann");
  const JoinedUser joined = must(sign_in_there()).user;
  EXPECT_NE(joined.user_id, here_before) << "an equal name is not the same person";
  EXPECT_EQ(user_now(joined.user_id).username, "ann-2");
  EXPECT_EQ(must(sign_in_there()).user.user_id, joined.user_id);
  EXPECT_FALSE(must(sign_in_there()).user.changed);
  rogue_.person["preferred_username"] = "renamed";
  rogue_.person["name"] = "Ann Married";
  const JoinedUser again = must(sign_in_there()).user;
  EXPECT_EQ(again.user_id, joined.user_id);
  EXPECT_TRUE(again.changed);
  EXPECT_EQ(user_now(joined.user_id).display_name, "Ann Married");
  rogue_.subject = "subject-2";
  EXPECT_NE(must(sign_in_there()).user.user_id, joined.user_id)
      << "an address that went to somebody else";
}

TEST_F(OidcTest, FollowsAttributesAndMappedGroupsAndNoOthers) {
  const std::string team = group("Legal team", {}), chiefs = group("Chiefs", {}),
                    ours = group("others", {});
  const std::string id = must(sign_in_there()).user.user_id;
  EXPECT_THAT(members_of(team), ElementsAre(id));
  EXPECT_THAT(members_of(ours), IsEmpty()) << "a claim of that name is not mapped";
  must(write([&](store::Transaction& tx) { return add_member(tx, ours, id); }));
  rogue_.person["groups"] = {"chiefs"};
  rogue_.person["department"] = 7;
  must(sign_in_there());
  EXPECT_THAT(members_of(team), IsEmpty());
  EXPECT_THAT(members_of(chiefs), ElementsAre(id));
  EXPECT_THAT(members_of(ours), ElementsAre(id)) << "given here, so not theirs to take";
  EXPECT_EQ(std::get<std::int64_t>(user_now(id).attributes.at("department")), 7);
}

TEST_F(OidcTest, LetsInOnlyVerifiedAddressesOfItsDomains) {
  config_.email_domains = {"Example.com"};
  reopen();
  EXPECT_TRUE(sign_in_there());
  for (const char* address : {"ann@evil.example", "ann@example.com.evil.example", "ann", "",
                              "@example.com", "ann@sub.example.com"}) {
    rogue_.person["email"] = address;
    EXPECT_FALSE(sign_in_there()) << address;
  }
  rogue_.person["email"] = "ann@example.com";
  for (const Json& verified : std::vector<Json>{false, "true", 1, nullptr}) {
    rogue_.person["email_verified"] = verified;
    EXPECT_FALSE(sign_in_there()) << verified;
  }
}

TEST_F(OidcTest, MakesNoUsersWhereItMayNot) {
  config_.create_users = false;
  reopen();
  EXPECT_FALSE(sign_in_there());
  const std::string ann = user("ann");
  must(write(
      [&](store::Transaction& tx) { return link_user(tx, ann, "oidc:corp", "subject-1", now_); }));
  EXPECT_EQ(must(sign_in_there()).user.user_id, ann);
  const std::string bob = user("bob");
  EXPECT_EQ(write([&](store::Transaction& tx) {
              return link_user(tx, bob, "oidc:corp", "subject-1", now_);
            })
                .error()
                .code,
            ErrorCode::conflict);
}

TEST_F(OidcTest, LooksForNewKeysWhenTheyRotateAndNotTooOften) {
  must(sign_in_there());
  const auto fetches = [&] { return std::ranges::count(rogue_.asked, std::string("/realm/keys")); };
  EXPECT_EQ(fetches(), 1);
  must(sign_in_there());
  EXPECT_EQ(fetches(), 1);
  static const TokenMaker next("ES256", "key-2");
  rogue_.signer = &next;
  rogue_.bend_header = [](Json& header) { header = {{"alg", "ES256"}, {"kid", "key-2"}}; };
  rogue_.bend_jwks = [](Json& set) { set["keys"].push_back(next.jwk()); };
  now_ += 61'000;
  EXPECT_TRUE(sign_in_there());
  EXPECT_EQ(fetches(), 2);
  rogue_.bend_header = [](Json& header) { header = {{"alg", "ES256"}, {"kid", "unknown"}}; };
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(sign_in_there());
  EXPECT_EQ(fetches(), 2) << "unknown names do not make us ask again at once";
}

TEST_F(OidcTest, UsesItsKeysForADayWhileTheProviderDoesNotGiveThem) {
  must(sign_in_there());
  rogue_.bend_jwks = [](Json& set) { set = Json::array(); };
  now_ += UnixMillis{20} * 3600 * 1000;
  EXPECT_TRUE(sign_in_there());
  now_ += UnixMillis{5} * 3600 * 1000;
  EXPECT_FALSE(sign_in_there());
}

TEST_F(OidcTest, AsksForUserInfoWhereItIsToldTo) {
  config_.user_info = true;
  config_.mapping.attributes = {{"phone_number", "phone"}, {"department", "department"}};
  reopen();
  const User made = user_now(must(sign_in_there()).user.user_id);
  EXPECT_EQ(std::get<std::string>(made.attributes.at("phone")), "+86");
  EXPECT_EQ(std::get<std::string>(made.attributes.at("department")), "legal")
      << "the signed token wins";
  rogue_.bend_user_info = [](Json& info) { info["sub"] = "subject-9"; };
  EXPECT_FALSE(sign_in_there());
  EXPECT_THAT(rogue_.complaints, IsEmpty());
}

TEST_F(OidcTest, SendsTheSecretInTheBodyToThoseWhoOnlyReadItThere) {
  rogue_.bend_metadata = [](Json& all) {
    all["token_endpoint_auth_methods_supported"] = {"client_secret_post"};
  };
  EXPECT_TRUE(sign_in_there());
  EXPECT_THAT(rogue_.complaints, IsEmpty());
}

TEST_F(OidcTest, CountsTheProvidersSecondFactorOnlyWhenItIsTrusted) {
  rogue_.person["amr"] = {"pwd", "otp"};
  const auto second_factor = [&] {
    const StartedSignIn started = must(start());
    const auto finished = must(finish(started.browser, come_back(started.address)));
    return must(fetch(finished.code, started.browser)).session.second_factor;
  };
  EXPECT_FALSE(second_factor());
  config_.trusts_second_factor = true;
  reopen();
  EXPECT_TRUE(second_factor());
  rogue_.person["amr"] = {"pwd"};
  EXPECT_FALSE(second_factor());
}

TEST_F(OidcTest, SaysWhereToSignOutThereToo) {
  EXPECT_EQ(sso_->provider("corp")->sign_out_address(), "");
  must(sign_in_there());
  EXPECT_EQ(sso_->provider("corp")->sign_out_address(),
            "https://id.example/realm/logout?client_id=wenyuan%20client");
}

TEST_F(OidcTest, IsNotOpenedWithWrongSettings) {
  const auto bad = [&](const std::function<void(ProviderConfig&)>& change) {
    ProviderConfig wanted = config_;
    change(wanted);
    const auto opened =
        SingleSignOn::open({wanted}, {}, exchange_, *database_, *identities_, *sign_in_);
    return !opened && opened.error().code == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(bad([](ProviderConfig& c) { c.id = "Corp/.."; }));
  EXPECT_TRUE(bad([](ProviderConfig& c) { c.client_secret = ""; }));
  EXPECT_TRUE(bad([](ProviderConfig& c) { c.issuer = "http://id.example"; }));
  EXPECT_TRUE(bad([](ProviderConfig& c) { c.issuer = "https://id.example?x"; }));
  EXPECT_TRUE(bad([](ProviderConfig& c) { c.redirect_uri = "https://kb.example/callback"; }));
  EXPECT_TRUE(bad([](ProviderConfig& c) { c.algorithms = {JwsAlgorithm::hs256}; }));
  EXPECT_TRUE(bad([](ProviderConfig& c) { c.scopes = {"profile"}; }));
}

}  // namespace
}  // namespace wenyuan::auth
