#include "api/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <vector>

#include "tests/api/http_fixture.h"

namespace wenyuan::http {
namespace {

class HttpServer : public testing::Test {
 protected:
  void start(Server::Options options = {}) {
    server_ = std::make_unique<Server>(options);
    server_->add("GET", "/hello", 0,
                 [](Request&) { return make_response(200, "text/plain", "hello"); });
    server_->add("GET", "/things/{id}/parts/{part}", 0, [](Request& request) {
      return make_response(200, "text/plain",
                           request.parameter("id") + "|" + request.parameter("part") + "|" +
                               request.query_value("q").value_or("none"));
    });
    server_->add("POST", "/echo", 1000, [](Request& request) {
      const auto body = request.body();
      return body ? make_response(200, "text/plain", *body)
                  : make_response(body.error().code == ErrorCode::too_large ? 413 : 400,
                                  "text/plain", body.error().message);
    });
    server_->add("POST", "/ignore", 1000,
                 [](Request&) { return make_response(200, "text/plain", "ignored"); });
    server_->add("DELETE", "/things/{id}", 0, [](Request&) {
      Response response;
      response.status = 204;
      return response;
    });
    add_more(*server_);
    ASSERT_TRUE(server_->start());
  }
  virtual void add_more(Server&) {}

  int port() const { return server_->port(); }
  Connection::Reply get(std::string_view target, std::string_view headers = "") const {
    return exchange(port(), get_request(target, headers));
  }

  std::unique_ptr<Server> server_;
};

TEST_F(HttpServer, AnswersManyRequestsOnOneConnection) {
  start();
  Connection connection(port());
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(connection.send(get_request("/hello")));
    ASSERT_EQ(connection.read_reply().body, "hello");
  }
  EXPECT_EQ(server_->thread_count(), 1);
}

TEST_F(HttpServer, AnswersRequestsThatWereSentTogether) {
  start();
  Connection connection(port());
  connection.send(get_request("/hello") + post_request("/echo", "one") + get_request("/hello"));
  EXPECT_EQ(connection.read_reply().body, "hello");
  EXPECT_EQ(connection.read_reply().body, "one");
  EXPECT_EQ(connection.read_reply().body, "hello");
}

TEST_F(HttpServer, DecodesParametersOfPathAndQuery) {
  start();
  EXPECT_EQ(get("/things/a%20b/parts/%E6%96%87?q=1%2B1+x").body, "a b|文|1+1 x");
  EXPECT_EQ(get("/things/1/parts/2").body, "1|2|none");
}

TEST_F(HttpServer, SaysWhichMethodsAPathHas) {
  start();
  const auto reply = exchange(port(), post_request("/hello", "x"));
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.header("Allow"), "GET");
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/things//parts/1").status, 404);
}

TEST_F(HttpServer, AnswersHeadWithoutABody) {
  start();
  Connection connection(port());
  connection.send("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto reply = connection.read_reply(true);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Length"), "5");
  connection.send(get_request("/hello"));
  EXPECT_EQ(connection.read_reply().body, "hello");
}

TEST_F(HttpServer, RefusesWhatIsMalformed) {
  start();
  for (const char* request : {
           "NONSENSE\r\n\r\n",
           "GET /hello HTTP/9.9\r\nHost: t\r\n\r\n",
           "GET hello HTTP/1.1\r\nHost: t\r\n\r\n",
           "GET /hello%2 HTTP/1.1\r\nHost: t\r\n\r\n",
           "GET /hello%zz HTTP/1.1\r\nHost: t\r\n\r\n",
           "GET /hello?%ff HTTP/1.1\r\nHost: t\r\n\r\n",
           "GET /hello%0a HTTP/1.1\r\nHost: t\r\n\r\n",
           "GET /hello HTTP/1.1\r\nbad name: x\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: t\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0\r\n\r\n",
       }) {
    EXPECT_EQ(exchange(port(), request).status, 400) << request;
  }
  EXPECT_EQ(get("/hello").body, "hello");
}

TEST_F(HttpServer, ClosesTheConnectionAfterARefusal) {
  start();
  for (const std::string& request :
       {get_request("/nothing"), std::string("NONSENSE\r\nGET /hello HTTP/1.1\r\n\r\n")}) {
    Connection connection(port());
    connection.send(request);
    const auto reply = connection.read_reply();
    EXPECT_GE(reply.status, 400);
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_TRUE(connection.reads_end());
  }
}

TEST_F(HttpServer, DoesNotDecodeHeaderValues) {
  start();
  server_->stop();
  server_ = std::make_unique<Server>(Server::Options{});
  server_->add("GET", "/show", 0, [](Request& request) {
    return make_response(200, "text/plain", *request.headers.find("X-Test"));
  });
  ASSERT_TRUE(server_->start());
  EXPECT_EQ(get("/show", "X-Test: a%0d%0ab%41\r\n").body, "a%0d%0ab%41");
}

TEST_F(HttpServer, LimitsTheHead) {
  start();
  EXPECT_EQ(get("/hello?" + std::string(9000, 'x')).status, 414);
  EXPECT_EQ(get("/hello", "X-Long: " + std::string(9000, 'x') + "\r\n").status, 400);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(get("/hello", many).status, 400);
}

TEST_F(HttpServer, RefusesABodyOverTheRoutesLimitBeforeAndWhileReading) {
  start();
  EXPECT_EQ(exchange(port(), post_request("/echo", std::string(1000, 'x'))).body.size(), 1000U);
  EXPECT_EQ(exchange(port(), post_request("/echo", std::string(1001, 'x'))).status, 413);
  const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  const std::string head = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(exchange(port(), head + chunk + chunk + "0\r\n\r\n").body.size(), 1000U);
  EXPECT_EQ(exchange(port(), head + chunk + chunk + chunk + "0\r\n\r\n").status, 413);
}

TEST_F(HttpServer, SendsTheAnswerToAClientThatIsStillSendingTooMuch) {
  start();
  Connection connection(port());
  std::string request = post_request("/echo", std::string(20'000'000, 'x'));
  EXPECT_TRUE(connection.send(request));
  EXPECT_EQ(connection.read_reply().status, 413);
}

TEST_F(HttpServer, RefusesATooLargeBodyBeforeItIsSentWhenAskedFirst) {
  start();
  Connection connection(port());
  connection.send(
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.read_reply().status, 413);
  Connection other(port());
  other.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(other.read_reply().status, 100);
  other.send("abc");
  EXPECT_EQ(other.read_reply().body, "abc");
}

TEST_F(HttpServer, KeepsTheConnectionInStepWhenAHandlerLeavesTheBodyUnread) {
  start();
  Connection connection(port());
  connection.send(post_request("/ignore", "GET /hello HTTP/1.1") + get_request("/hello"));
  EXPECT_EQ(connection.read_reply().body, "ignored");
  EXPECT_EQ(connection.read_reply().body, "hello");
}

TEST_F(HttpServer, DoesNotWaitForABodyThatADeleteDoesNotHave) {
  start();
  Connection connection(port());
  connection.send("DELETE /things/1 HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(connection.read_reply().status, 204);
  connection.send(get_request("/hello"));
  EXPECT_EQ(connection.read_reply().body, "hello");
}

TEST_F(HttpServer, RefusesCompressedBodiesAndBodiesOfGet) {
  start();
  EXPECT_EQ(exchange(port(),
                     "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\n"
                     "Content-Length: 1\r\n\r\nx")
                .status,
            415);
  EXPECT_EQ(get("/hello", "Content-Length: 3\r\n").status, 400);
}

TEST_F(HttpServer, GivesMultipartBodiesAsTheyAre) {
  start();
  const std::string body = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--";
  EXPECT_EQ(exchange(port(), post_request("/echo", body, "multipart/form-data; boundary=b")).body,
            body);
}

TEST_F(HttpServer, SaysWhenItCannotListen) {
  start();
  Server::Options options;
  options.port = port();
  Server second(options);
  const Status started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::unavailable);
}

TEST_F(HttpServer, HoldsManyConnectionsAtOnce) {
  start();
  std::vector<Connection> connections;
  for (int i = 0; i < 400; ++i) connections.emplace_back(port());
  for (auto& connection : connections) ASSERT_TRUE(connection.send(get_request("/hello")));
  for (auto& connection : connections) ASSERT_EQ(connection.read_reply().body, "hello");
  for (auto& connection : connections) ASSERT_TRUE(connection.send(get_request("/hello")));
  for (auto& connection : connections) ASSERT_EQ(connection.read_reply().body, "hello");
  EXPECT_EQ(server_->thread_count(), 400);
  connections.clear();
}

TEST_F(HttpServer, SaysItIsBusyWhenAllThreadsAreInUse) {
  Server::Options options;
  options.threads_max = 2;
  start(options);
  Connection first(port()), second(port());
  for (Connection* one : {&first, &second}) {
    one->send(get_request("/hello"));
    ASSERT_EQ(one->read_reply().body, "hello");
  }
  const auto reply = get("/hello");
  EXPECT_EQ(reply.status, 503);
  first.close();
  EXPECT_TRUE(eventually([&] { return get("/hello").status == 200; }));
}

class HttpStream : public HttpServer {
 protected:
  void add_more(Server& server) override {
    server.add("GET", "/count", 0, [](Request&) {
      Response response = make_response(200, "text/event-stream", "");
      response.stream = [](BodyWriter& writer) {
        for (int i = 0; i < 5; ++i) writer.write(std::to_string(i) + "\n");
      };
      return response;
    });
    server.add("GET", "/endless", 0, [this](Request& request) {
      Response response = make_response(200, "text/event-stream", "");
      response.stream = [this, stop = request.stop_token()](BodyWriter& writer) {
        ++running_;
        writer.write("begun\n");
        while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        --running_;
      };
      return response;
    });
    server.add("GET", "/slow", 0, [this](Request& request) {
      const std::stop_token stop = request.stop_token();
      ++running_;
      while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      --running_;
      return make_response(200, "text/plain", "stopped");
    });
    server.add("GET", "/flood", 0, [this](Request&) {
      Response response = make_response(200, "text/plain", "");
      response.stream = [this](BodyWriter& writer) {
        ++running_;
        while (writer.write(std::string(65536, 'x'))) {
        }
        --running_;
      };
      return response;
    });
  }
  std::atomic<int> running_{0};
};

TEST_F(HttpStream, ReachesTheClientPieceByPieceAndKeepsTheConnection) {
  start();
  Connection connection(port());
  connection.send(get_request("/count"));
  const auto reply = connection.read_reply();
  EXPECT_EQ(reply.body, "0\n1\n2\n3\n4\n");
  EXPECT_EQ(reply.header("Content-Type"), "text/event-stream");
  connection.send(get_request("/hello"));
  EXPECT_EQ(connection.read_reply().body, "hello");
}

TEST_F(HttpStream, IsToldWhenItsClientGoes) {
  start();
  Connection connection(port());
  connection.send(get_request("/endless"));
  connection.read_until("begun");
  EXPECT_EQ(running_, 1);
  connection.close();
  EXPECT_TRUE(eventually([&] { return running_ == 0; }));
}

TEST_F(HttpStream, EndsWhenWritingToAClientThatHasGone) {
  start();
  Connection connection(port());
  connection.send(get_request("/flood"));
  EXPECT_TRUE(eventually([&] { return running_ == 1; }));
  connection.close();
  EXPECT_TRUE(eventually([&] { return running_ == 0; }));
}

TEST_F(HttpStream, GoesOnWhileNewRequestsAreRefused) {
  start();
  Connection waiting(port());
  waiting.send(get_request("/hello"));
  EXPECT_EQ(waiting.read_reply().status, 200);
  EXPECT_TRUE(server_->wait_until_idle(std::chrono::seconds(10)));
  Connection connection(port());
  connection.send(get_request("/endless"));
  connection.read_until("begun");
  server_->drain(std::chrono::seconds(30));
  EXPECT_FALSE(server_->wait_until_idle(std::chrono::milliseconds(1)));
  EXPECT_EQ(get("/hello").status, 503);
  waiting.send(get_request("/hello"));
  EXPECT_EQ(waiting.read_reply().status, 503);
  EXPECT_EQ(running_, 1);
  server_->stop();
  EXPECT_EQ(running_, 0);
  EXPECT_TRUE(server_->wait_until_idle(std::chrono::seconds(10)));
}

TEST_F(HttpStream, AHandlerIsToldTooBeforeItAnswers) {
  start();
  Connection connection(port());
  connection.send(get_request("/slow"));
  EXPECT_TRUE(eventually([&] { return running_ == 1; }));
  connection.close();
  EXPECT_TRUE(eventually([&] { return running_ == 0; }));
}

TEST_F(HttpStream, StopsWithTheServer) {
  start();
  Connection stream(port()), slow(port());
  stream.send(get_request("/endless"));
  slow.send(get_request("/slow"));
  EXPECT_TRUE(eventually([&] { return running_ == 2; }));
  server_->stop();
  EXPECT_EQ(running_, 0);
}

TEST(HttpFile, IsSentWholeAndInRanges) {
  Server server(Server::Options{});
  server.add("GET", "/file", 0, [](Request&) {
    Response response;
    response.file =
        FileBody{10, [](std::int64_t offset, std::size_t count) -> Result<std::string> {
                   return std::string("0123456789").substr(static_cast<std::size_t>(offset), count);
                 }};
    response.headers.set("Content-Type", "text/x-test");
    return response;
  });
  ASSERT_TRUE(server.start());
  const auto whole = exchange(server.port(), get_request("/file"));
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "0123456789");
  EXPECT_EQ(whole.header("Content-Type"), "text/x-test");
  const auto part = exchange(server.port(), get_request("/file", "Range: bytes=2-4\r\n"));
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.header("Content-Range"), "bytes 2-4/10");
}

TEST(Headers, LoseLineBreaksInValues) {
  Headers headers;
  headers.set("A", "x\r\nSet-Cookie: y");
  EXPECT_EQ(*headers.find("a"), "x  Set-Cookie: y");
}

}  // namespace
}  // namespace wenyuan::http
