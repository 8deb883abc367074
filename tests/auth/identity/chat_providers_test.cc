// WeCom and DingTalk, against stand-ins that check every parameter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/identity/single_sign_on.h"
#include "auth/user_rows.h"
#include "tests/auth/identity/identity_fixture.h"
#include "tests/auth/identity/rogue_provider.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using Json = nlohmann::json;

OutgoingReply json_reply(int status, const Json& json) {
  return {status, "application/json", json.dump()};
}

std::string header(const OutgoingRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

// As https://developer.work.weixin.qq.com documents it.
class FakeWecom final : public HttpExchange {
 public:
  Result<OutgoingReply> send(const OutgoingRequest& request) override {
    const std::size_t mark = request.url.find('?');
    const std::string path = request.url.substr(0, mark);
    Fields query = parsed_form(request.url.substr(mark + 1));
    asked.push_back(path.substr(path.find('/', 8)));
    if (request.method != "GET" || !request.body.empty()) complaints.push_back("method");
    if (path == "https://qyapi.weixin.qq.com/cgi-bin/gettoken") return token(query);
    if (query["access_token"] != current_token) return json_reply(200, {{"errcode", 42001}});
    if (path == "https://qyapi.weixin.qq.com/cgi-bin/auth/getuserinfo") {
      if (query.size() != 2) complaints.push_back("getuserinfo");
      if (query["code"] != code) return json_reply(200, {{"errcode", 40029}});
      code = "used";
      return json_reply(200, who);
    }
    if (path == "https://qyapi.weixin.qq.com/cgi-bin/user/get") {
      if (query.size() != 2 || query["userid"] != "zhangsan") complaints.push_back("user/get");
      return json_reply(200, member);
    }
    complaints.push_back("unknown address " + request.url);
    return json_reply(404, {});
  }

  Json who = {{"errcode", 0}, {"errmsg", "ok"}, {"userid", "zhangsan"}};
  Json member = {{"errcode", 0},
                 {"userid", "zhangsan"},
                 {"name", "张三"},
                 {"department", {1}},
                 {"position", "经理"},
                 {"status", 1},
                 {"email", "z@qq.example"},
                 {"biz_mail", "zhangsan@corp.example"}};
  std::string current_token = "token-1";
  std::string code = "wecom code";
  std::vector<std::string> complaints, asked;

 private:
  OutgoingReply token(Fields& query) {
    if (query["corpid"] != "ww123" || query["corpsecret"] != "secret" || query.size() != 2) {
      complaints.push_back("gettoken");
    }
    return json_reply(200, {{"errcode", 0}, {"access_token", current_token}, {"expires_in", 7200}});
  }
};

// As https://open.dingtalk.com documents it.
class FakeDingtalk final : public HttpExchange {
 public:
  Result<OutgoingReply> send(const OutgoingRequest& request) override {
    if (request.url == "https://api.dingtalk.com/v1.0/oauth2/userAccessToken") {
      const Json body = Json::parse(request.body, nullptr, false);
      const Json wanted = {{"clientId", "dingkey"},
                           {"clientSecret", "secret"},
                           {"code", "ding code"},
                           {"grantType", "authorization_code"}};
      if (request.method != "POST" || request.content_type != "application/json") {
        complaints.push_back("method");
      }
      if (body != wanted) return json_reply(400, {{"code", "invalidParameter.authCode.notFound"}});
      return json_reply(200, tokens);
    }
    if (request.url == "https://api.dingtalk.com/v1.0/contact/users/me") {
      if (request.method != "GET") complaints.push_back("method");
      if (header(request, "x-acs-dingtalk-access-token") != "user token")
        return json_reply(401, {});
      return json_reply(200, person);
    }
    complaints.push_back("unknown address " + request.url);
    return json_reply(404, {});
  }

  Json tokens = {{"accessToken", "user token"},
                 {"refreshToken", "r"},
                 {"expireIn", 7200},
                 {"corpId", "ding42"}};
  Json person = {{"nick", "李四"},
                 {"unionId", "union-4"},
                 {"openId", "open-4"},
                 {"email", "lisi@corp.example"}};
  std::vector<std::string> complaints;
};

class ChatProvidersTest : public IdentityTest {
 protected:
  ProviderConfig wecom() {
    ProviderConfig config;
    config.id = "office";
    config.kind = ProviderKind::wecom;
    config.client_id = "ww123";
    config.client_secret = "secret";
    config.agent_id = "1000002";
    config.redirect_uri = "https://kb.example/v1/auth/oidc/office/callback";
    config.create_users = true;
    config.mapping.attributes = {{"position", "position"}};
    return config;
  }
  ProviderConfig dingtalk() {
    ProviderConfig config;
    config.id = "ding";
    config.kind = ProviderKind::dingtalk;
    config.client_id = "dingkey";
    config.client_secret = "secret";
    config.corp_id = "ding42";
    config.redirect_uri = "https://kb.example/v1/auth/oidc/ding/callback";
    config.create_users = true;
    return config;
  }
  std::unique_ptr<SingleSignOn> open(const ProviderConfig& config, HttpExchange& http) {
    return must(SingleSignOn::open({config}, {}, http, *database_, *identities_, *sign_in_));
  }
  Result<FinishedSignIn> sign_in_with(SingleSignOn& sso, const std::string& id,
                                      const std::string& code) {
    WY_TRY(const StartedSignIn started, sso.start(id, "", now_));
    address_ = started.address;
    Fields query = parsed_form(address_.substr(address_.find('?') + 1));
    return sso.finish(id, started.browser, {code, query["state"], "", ""}, now_,
                      [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; });
  }
  User user_now(const std::string& id) {
    return must(read([&](store::Snapshot& s) { return identities_->user(s, id); }));
  }

  std::string address_;
};

TEST_F(ChatProvidersTest, WecomSendsTheBrowserToItsPage) {
  FakeWecom fake;
  const auto sso = open(wecom(), fake);
  must(sign_in_with(*sso, "office", "wecom code"));
  EXPECT_THAT(address_, StartsWith("https://login.work.weixin.qq.com/wwlogin/sso/login?"));
  Fields query = parsed_form(address_.substr(address_.find('?') + 1));
  EXPECT_EQ(query["login_type"], "CorpApp");
  EXPECT_EQ(query["appid"], "ww123");
  EXPECT_EQ(query["agentid"], "1000002");
  EXPECT_EQ(query["redirect_uri"], "https://kb.example/v1/auth/oidc/office/callback");
  EXPECT_EQ(query["state"].size(), 43U);
  EXPECT_EQ(query.size(), 5U);
}

TEST_F(ChatProvidersTest, WecomTellsWhoBroughtTheCode) {
  FakeWecom fake;
  const auto sso = open(wecom(), fake);
  const FinishedSignIn finished = must(sign_in_with(*sso, "office", "wecom code"));
  EXPECT_THAT(fake.complaints, IsEmpty());
  EXPECT_THAT(fake.asked,
              ElementsAre("/cgi-bin/gettoken", "/cgi-bin/auth/getuserinfo", "/cgi-bin/user/get"));
  const User made = user_now(finished.user.user_id);
  EXPECT_EQ(made.username, "zhangsan");
  EXPECT_EQ(made.display_name, "张三");
  EXPECT_EQ(made.email, "zhangsan@corp.example");
  EXPECT_EQ(std::get<std::string>(made.attributes.at("position")), "经理");
  EXPECT_EQ(must(read([&](store::Snapshot& s) {
              return linked_user(s, "wecom:office", "ww123/zhangsan");
            })),
            made.id);
}

TEST_F(ChatProvidersTest, WecomLetsNobodyElseIn) {
  const auto refused = [&](const std::function<void(FakeWecom&)>& change,
                           const std::string& code = "wecom code") {
    FakeWecom fake;
    change(fake);
    const auto sso = open(wecom(), fake);
    return !sign_in_with(*sso, "office", code);
  };
  EXPECT_TRUE(refused([](FakeWecom&) {}, "code of another"));
  EXPECT_TRUE(refused([](FakeWecom&) {}, ""));
  EXPECT_TRUE(refused([](FakeWecom& f) { f.who = {{"errcode", 0}, {"openid", "somebody"}}; }));
  EXPECT_TRUE(refused([](FakeWecom& f) {
    f.who = {{"errcode", 0}, {"external_userid", "customer"}};
  }));
  EXPECT_TRUE(refused([](FakeWecom& f) { f.who = {{"userid", "zhangsan"}}; })) << "no errcode";
  EXPECT_TRUE(refused([](FakeWecom& f) { f.who["userid"] = 7; }));
  EXPECT_TRUE(refused([](FakeWecom& f) { f.member["userid"] = "lisi"; }));
  EXPECT_TRUE(refused([](FakeWecom& f) { f.member["status"] = 2; })) << "disabled there";
  EXPECT_TRUE(refused([](FakeWecom& f) { f.member["errcode"] = 60111; }));
  EXPECT_FALSE(refused([](FakeWecom&) {}));
}

TEST_F(ChatProvidersTest, WecomsTokenIsKeptAndMadeAnewWhenItEnded) {
  FakeWecom fake;
  const auto sso = open(wecom(), fake);
  const auto tokens_asked = [&] {
    return std::ranges::count(fake.asked, std::string("/cgi-bin/gettoken"));
  };
  must(sign_in_with(*sso, "office", "wecom code"));
  fake.code = "second";
  must(sign_in_with(*sso, "office", "second"));
  EXPECT_EQ(tokens_asked(), 1);
  fake.code = "third";
  fake.current_token = "token-2";
  must(sign_in_with(*sso, "office", "third"));
  EXPECT_EQ(tokens_asked(), 2);
  now_ += UnixMillis{7000} * 1000;
  fake.code = "fourth";
  must(sign_in_with(*sso, "office", "fourth"));
  EXPECT_EQ(tokens_asked(), 3);
  EXPECT_THAT(fake.complaints, IsEmpty());
}

TEST_F(ChatProvidersTest, DingtalkSignsIn) {
  FakeDingtalk fake;
  const auto sso = open(dingtalk(), fake);
  const FinishedSignIn finished = must(sign_in_with(*sso, "ding", "ding code"));
  EXPECT_THAT(fake.complaints, IsEmpty());
  EXPECT_THAT(address_, StartsWith("https://login.dingtalk.com/oauth2/auth?"));
  Fields query = parsed_form(address_.substr(address_.find('?') + 1));
  EXPECT_EQ(query["response_type"], "code");
  EXPECT_EQ(query["client_id"], "dingkey");
  EXPECT_EQ(query["scope"], "openid corpid");
  EXPECT_EQ(query["prompt"], "consent");
  EXPECT_EQ(query["redirect_uri"], "https://kb.example/v1/auth/oidc/ding/callback");
  const User made = user_now(finished.user.user_id);
  EXPECT_EQ(made.username, "李四");
  EXPECT_EQ(
      must(read([&](store::Snapshot& s) { return linked_user(s, "dingtalk:ding", "union-4"); })),
      made.id);
}

TEST_F(ChatProvidersTest, DingtalkLetsNobodyElseIn) {
  const auto refused = [&](const std::function<void(FakeDingtalk&)>& change,
                           const std::string& code = "ding code") {
    FakeDingtalk fake;
    change(fake);
    const auto sso = open(dingtalk(), fake);
    return !sign_in_with(*sso, "ding", code);
  };
  EXPECT_TRUE(refused([](FakeDingtalk&) {}, "code of another"));
  EXPECT_TRUE(refused([](FakeDingtalk&) {}, ""));
  EXPECT_TRUE(refused([](FakeDingtalk& f) { f.tokens["corpId"] = "ding43"; }));
  EXPECT_TRUE(refused([](FakeDingtalk& f) { f.tokens.erase("corpId"); }));
  EXPECT_TRUE(refused([](FakeDingtalk& f) { f.tokens.erase("accessToken"); }));
  EXPECT_TRUE(refused([](FakeDingtalk& f) { f.tokens["accessToken"] = "of another"; }));
  EXPECT_TRUE(refused([](FakeDingtalk& f) { f.person.erase("unionId"); }));
  EXPECT_TRUE(refused([](FakeDingtalk& f) { f.person = Json::array(); }));
  EXPECT_FALSE(refused([](FakeDingtalk&) {}));
}

TEST_F(ChatProvidersTest, AskNobodyButTheirConfiguredAddress) {
  FakeWecom fake;
  ProviderConfig config = wecom();
  config.api_address = "http://evil.example";
  EXPECT_FALSE(SingleSignOn::open({config}, {}, fake, *database_, *identities_, *sign_in_));
  config = wecom();
  config.agent_id = "";
  EXPECT_FALSE(SingleSignOn::open({config}, {}, fake, *database_, *identities_, *sign_in_));
}

class GatewayTest : public IdentityTest {
 protected:
  GatewayTest() {
    config_.id = "kong";
    config_.issuer = "https://gateway.example";
    config_.audience = "wenyuan";
    config_.jwks = Json{{"keys", {maker().jwk()}}}.dump();
    config_.create_users = true;
  }
  static const TokenMaker& maker() {
    static const TokenMaker made("EdDSA", "gateway key");
    return made;
  }
  Json claims() {
    return {
        {"iss", "https://gateway.example"}, {"aud", "wenyuan"},   {"sub", "user-7"},
        {"exp", now_ / 1000 + 60},          {"iat", now_ / 1000}, {"preferred_username", "gina"}};
  }
  std::unique_ptr<SingleSignOn> open() {
    return must(SingleSignOn::open({}, {config_}, http_, *database_, *identities_, *sign_in_));
  }
  FakeWecom http_;
  GatewayConfig config_;
};

TEST_F(GatewayTest, VouchesForUsersWithItsTokens) {
  const auto sso = open();
  EXPECT_TRUE(sso->has_gateways());
  const std::string id = must(sso->user_of_token(maker().token(claims()), now_));
  EXPECT_EQ(must(sso->user_of_token(maker().token(claims()), now_)), id);
  const auto principal = must(read([&](store::Snapshot& s) -> Result<Principal> {
    WY_TRY(auto found, current_principal(s, id, "jwt_gateway"));
    return *found;
  }));
  EXPECT_EQ(principal.username, "gina");
  EXPECT_FALSE(principal.has_scope("admin")) << "no administration by a gateway's word";
  must(change(id, {.disabled = true}));
  now_ += 61'000;
  EXPECT_FALSE(sso->user_of_token(maker().token(claims()), now_));
}

TEST_F(GatewayTest, IsNotBelievedWhenItsTokenIsWrong) {
  const auto sso = open();
  const auto refused = [&](const Json& change) {
    Json all = claims();
    all.merge_patch(change);
    return !sso->user_of_token(maker().token(all), now_);
  };
  EXPECT_TRUE(refused({{"iss", "https://other.example"}}));
  EXPECT_TRUE(refused({{"aud", "other"}}));
  EXPECT_TRUE(refused({{"exp", now_ / 1000 - 61}}));
  EXPECT_TRUE(refused({{"sub", nullptr}}));
  EXPECT_TRUE(refused({{"sub", ""}}));
  EXPECT_FALSE(refused(Json::object()));
  const TokenMaker forger("EdDSA", "gateway key");
  EXPECT_FALSE(sso->user_of_token(forger.token(claims()), now_));
  EXPECT_FALSE(sso->user_of_token("nonsense", now_));
  config_.create_users = false;
  Json other = claims();
  other["sub"] = "user-8";
  EXPECT_FALSE(open()->user_of_token(maker().token(other), now_));
}

TEST_F(GatewayTest, IsNotOpenedWithWrongSettings) {
  const auto bad = [&](const std::function<void(GatewayConfig&)>& change) {
    GatewayConfig wanted = config_;
    change(wanted);
    return !SingleSignOn::open({}, {wanted}, http_, *database_, *identities_, *sign_in_);
  };
  EXPECT_TRUE(bad([](GatewayConfig& c) { c.issuer = ""; }));
  EXPECT_TRUE(bad([](GatewayConfig& c) { c.audience = ""; }));
  EXPECT_TRUE(bad([](GatewayConfig& c) { c.jwks = ""; }));
  EXPECT_TRUE(bad([](GatewayConfig& c) { c.jwks = "{}"; }));
  EXPECT_TRUE(bad([](GatewayConfig& c) { c.jwks_address = "https://gateway.example/keys"; }));
  EXPECT_TRUE(bad([](GatewayConfig& c) {
    c.algorithms = {JwsAlgorithm::hs256, JwsAlgorithm::rs256};
  }));
  EXPECT_FALSE(bad([](GatewayConfig&) {}));
}

}  // namespace
}  // namespace wenyuan::auth
