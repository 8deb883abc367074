// A server that is to stop, and requests that are still coming.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "api/patience.h"
#include "tests/api/http_fixture.h"
#include "tests/api/tls_fixture.h"

namespace wenyuan::http {
namespace {

constexpr std::chrono::milliseconds kShort{50};
constexpr std::chrono::seconds kLong{600};
// What comes before a body of 8 bytes.
constexpr const char* kHead =
    "POST /take HTTP/1.1\r\nHost: t\r\nContent-Length: 8\r\n"
    "Content-Type: text/plain\r\n\r\n";

void add_take(Server& server) {
  server.add("POST", "/take", 1000, [](Request& request) {
    const auto body = request.body();
    if (body) return make_response(200, "text/plain", *body);
    const bool stopping = body.error().code == ErrorCode::unavailable;
    return make_response(stopping ? 503 : 400, "text/plain", body.error().message);
  });
}

void expect_cut_off(Connection& connection) {
  const auto reply = connection.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_NE(reply.body.find("stopping"), std::string::npos) << reply.body;
  EXPECT_TRUE(connection.reads_end());
}

class Stopping : public testing::Test {
 protected:
  void SetUp() override {
    server_.emplace(Server::Options{.read_timeout = kLong, .write_timeout = kLong});
    add_take(*server_);
    server_->add("GET", "/flood", 0, [this](Request&) {
      Response response = make_response(200, "text/plain", "");
      response.stream = [this](BodyWriter& writer) {
        ++running_;
        while (writer.write(std::string(65536, 'x'))) {
        }
        --running_;
      };
      return response;
    });
    ASSERT_TRUE(server_->start());
  }
  void wait_until_busy() {
    EXPECT_TRUE(
        eventually([&] { return !server_->wait_until_idle(std::chrono::milliseconds(0)); }));
  }

  std::atomic<int> running_{0};
  std::optional<Server> server_;
};

TEST_F(Stopping, CutsOffAnUploadWhoseClientSaysNothing) {
  Connection upload(server_->port());
  upload.send(std::string(kHead) + "abc");
  wait_until_busy();
  server_->drain(kShort);
  expect_cut_off(upload);
  EXPECT_TRUE(server_->wait_until_idle(kLong));
}

TEST_F(Stopping, CutsOffARequestWhoseHeadDoesNotEnd) {
  Connection request(server_->port());
  request.send("GET /hello HTTP/1.1\r\nHost: t\r\nX-More: ");
  wait_until_busy();
  server_->drain(kShort);
  expect_cut_off(request);
}

TEST_F(Stopping, LetsAnUploadEndThatGoesOn) {
  Connection upload(server_->port());
  upload.send(std::string(kHead) + "abc");
  wait_until_busy();
  server_->drain(kLong);
  upload.send("defgh");
  const auto reply = upload.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "abcdefgh");
}

TEST_F(Stopping, EndsWithoutWaitingForWhoeverSendsOrReadsNoMore) {
  Connection upload(server_->port()), reader(server_->port());
  upload.send(std::string(kHead) + "abc");
  reader.send(get_request("/flood"));
  EXPECT_TRUE(eventually([&] { return running_ == 1; }));
  server_->drain(kLong);
  server_->stop();
  EXPECT_EQ(running_, 0);
}

class StoppingTls : public TlsTest {
 protected:
  void add_routes(Server& server) override { add_take(server); }
};

TEST_F(StoppingTls, CutsOffAnUploadWhoseClientSaysNothing) {
  server_options_.read_timeout = kLong;
  serve();
  TlsClient upload(port());
  upload.send(std::string(kHead) + "abc");
  EXPECT_TRUE(eventually([&] { return !server_->wait_until_idle(std::chrono::milliseconds(0)); }));
  server_->drain(kShort);
  expect_cut_off(upload);
}

TEST_F(StoppingTls, DoesNotWaitForAHandshakeThatNobodyBegins) {
  options_.handshake_timeout = kLong;
  serve();
  Connection silent(port());
  EXPECT_TRUE(eventually([&] { return server_->thread_count() == 1; }));
  server_->stop();
  EXPECT_TRUE(silent.reads_end());
}

}  // namespace
}  // namespace wenyuan::http
