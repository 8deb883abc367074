// Sign-in at a provider over real connections: our own server plays it, on this machine.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/http_server.h"
#include "api/outgoing_http.h"
#include "auth/identity/single_sign_on.h"
#include "tests/auth/identity/identity_fixture.h"
#include "tests/auth/identity/rogue_provider.h"

namespace wenyuan::auth {
namespace {

using testing::Contains;
using testing::IsEmpty;

class OidcLoopbackTest : public IdentityTest {
 protected:
  OidcLoopbackTest() {
    for (const char* path : {"/realm/.well-known/openid-configuration", "/realm/keys",
                             "/realm/userinfo", "/elsewhere"}) {
      server_.add("GET", path, 0, [this](http::Request& request) { return answer(request); });
    }
    server_.add("POST", "/realm/token", 65536,
                [this](http::Request& request) { return answer(request); });
    must(server_.start());
    origin_ = "http://127.0.0.1:" + std::to_string(server_.port());
    renew();
  }
  ~OidcLoopbackTest() override { server_.stop(); }

  void renew() { rogue_ = std::make_unique<RogueProvider>(origin_, now_); }

  http::Response answer(http::Request& request) {
    OutgoingRequest asked;
    asked.method = request.method;
    asked.url = origin_ + request.target;
    for (const auto& header : request.headers) asked.headers.push_back(header);
    if (const std::string* type = request.headers.find("Content-Type")) asked.content_type = *type;
    if (request.method == "POST") asked.body = must(request.body());
    const OutgoingReply reply = rogue_->handle(asked);
    http::Response response = http::make_response(reply.status, reply.content_type, reply.body);
    if (reply.status == 302) response.headers.set("Location", "/elsewhere");
    return response;
  }

  Result<FinishedSignIn> sign_in_there() {
    const auto sso = must(
        SingleSignOn::open({rogue_->config()}, {}, http_, *database_, *identities_, *sign_in_));
    WY_TRY(const StartedSignIn started, sso->start("corp", "", now_));
    Fields answer = rogue_->sign_in(started.address);
    return sso->finish("corp", started.browser,
                       {answer["code"], answer["state"], answer["iss"], answer["error"]}, now_,
                       [](store::Transaction&, const FinishedSignIn&) -> Status { return Done{}; });
  }

  http::Server server_{http::Server::Options{}};
  std::string origin_;
  std::unique_ptr<RogueProvider> rogue_;
  api::OutgoingHttp http_{api::OutgoingOptions{.connect_seconds = 5, .read_seconds = 5}};
};

TEST_F(OidcLoopbackTest, SignsIn) {
  rogue_->person["preferred_username"] = "loopback";
  const FinishedSignIn finished = must(sign_in_there());
  EXPECT_TRUE(finished.user.created);
  EXPECT_THAT(rogue_->complaints, IsEmpty());
}

TEST_F(OidcLoopbackTest, BelievesNothingThatIsWrong) {
  int refused = 0;
  for (const RogueCase& one : rogue_cases()) {
    renew();
    one.bend(*rogue_);
    EXPECT_FALSE(sign_in_there()) << one.name;
    EXPECT_THAT(rogue_->complaints, IsEmpty()) << one.name;
    EXPECT_THAT(rogue_->asked, testing::Not(Contains("/elsewhere"))) << "a redirect was followed";
    ++refused;
  }
  EXPECT_GE(refused, 40);
  renew();
  EXPECT_TRUE(sign_in_there());
}

TEST_F(OidcLoopbackTest, GivesUpOnAProviderThatDoesNotAnswer) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(silent, 8), 0);
  socklen_t size = sizeof address;
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  api::OutgoingHttp impatient({.connect_seconds = 1, .read_seconds = 1});
  const auto reply = impatient.send(
      {.method = "GET",
       .url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/realm",
       .headers = {},
       .body = "",
       .content_type = ""});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
  ::close(silent);
  const auto nobody = impatient.send({.method = "GET",
                                      .url = "http://127.0.0.1:1/",
                                      .headers = {},
                                      .body = "",
                                      .content_type = ""});
  EXPECT_EQ(nobody.error().code, ErrorCode::unavailable);
}

TEST_F(OidcLoopbackTest, ReadsNoMoreThanAMebibyte) {
  rogue_->bend_jwks = [](RogueProvider::Json& all) {
    all["padding"] = std::string(std::size_t{2} << 20, 'x');
  };
  const auto reply = http_.send({.method = "GET",
                                 .url = origin_ + "/realm/keys",
                                 .headers = {},
                                 .body = "",
                                 .content_type = ""});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace wenyuan::auth
