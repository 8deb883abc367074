// TLS of the server: its files and their faults, connections, renewal.
#include <gmock/gmock.h>

#include <atomic>

#include "tests/api/tls_fixture.h"

namespace wenyuan::http {
namespace {

using testing::HasSubstr;

class TlsFiles : public TlsTest {
 protected:
  std::string fault() {
    const Status opened = open();
    return opened ? std::string() : opened.error().message;
  }
};

TEST_F(TlsFiles, AreTakenWhenTheyAreGood) {
  EXPECT_EQ(fault(), "");
  EXPECT_GT(tls_->expires_at(), now() + 29LL * 86'400'000);
}

TEST_F(TlsFiles, AreNamedWhenTheyAreMissingOrMalformed) {
  write_private(options_.certificate, "nothing");
  EXPECT_THAT(fault(), HasSubstr("server.pem: holds none in PEM form"));
  write_private(options_.certificate,
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(fault(), HasSubstr("server.pem: is malformed"));
  use_server_certificate(issue(server_wish()));
  write_private(options_.key, "nothing");
  EXPECT_THAT(fault(), HasSubstr("server.key: holds no private key"));
  std::filesystem::remove(options_.key);
  EXPECT_THAT(fault(), HasSubstr("server.key"));
  std::filesystem::remove(options_.certificate);
  EXPECT_THAT(fault(), HasSubstr("server.pem"));
}

TEST_F(TlsFiles, MustBelongTogether) {
  write_private(options_.key, issue(server_wish()).key_pem());
  EXPECT_THAT(fault(), HasSubstr("server.key is not the key of the certificate in"));
}

TEST_F(TlsFiles, KeepTheKeyFromOthersAndWithoutAPassphrase) {
  const Issued issued = issue(server_wish());
  use_server_certificate(issued);
  std::filesystem::permissions(options_.key, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(fault(), HasSubstr("server.key: others may read this private key"));
  write_private(options_.key, issued.key_pem("a passphrase"));
  EXPECT_THAT(fault(), HasSubstr("server.key: has a passphrase"));
}

TEST_F(TlsFiles, AreOfAServerNowAndStrong) {
  CertificateWish wish = server_wish();
  wish.days_from = -30;
  wish.days_to = -1;
  use_server_certificate(issue(wish));
  EXPECT_THAT(fault(), HasSubstr("the certificate expired on 20"));
  wish = server_wish();
  wish.days_from = 1;
  use_server_certificate(issue(wish));
  EXPECT_THAT(fault(), HasSubstr("the certificate is not valid before 20"));
  use_server_certificate(issue(client_wish()));
  EXPECT_THAT(fault(), HasSubstr("the certificate is not for servers"));
  wish = server_wish();
  wish.rsa_bits = 1024;
  use_server_certificate(issue(wish));
  EXPECT_THAT(fault(), HasSubstr("key too small"));
}

TEST_F(TlsFiles, OfClientAuthoritiesAreLookedAtToo) {
  options_.clients = ClientCertificates::optional;
  EXPECT_THAT(fault(), HasSubstr("need client_ca"));
  ask_for_certificates(ClientCertificates::required);
  EXPECT_EQ(fault(), "");
  write_private(options_.client_ca, issue(client_wish(), &authority_).pem());
  EXPECT_THAT(fault(), HasSubstr("ca.pem: holds a certificate of no authority"));
  CertificateWish wish = authority_wish("old");
  wish.days_from = -9;
  wish.days_to = -1;
  write_private(options_.client_ca, issue(wish).pem());
  EXPECT_THAT(fault(), HasSubstr("ca.pem: an authority's certificate expired on"));
  write_private(options_.client_ca, authority_.pem());
  options_.client_crl = write_private(file("crl.pem"), authority_.pem());
  EXPECT_THAT(fault(), HasSubstr("crl.pem: "));
}

TEST_F(TlsTest, CarriesRequestsOnOneConnection) {
  serve();
  TlsClient client(port());
  ASSERT_TRUE(client.is_up());
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.ask(get_request("/hello")).body, "hello");
  EXPECT_EQ(client.ask(get_request("/who")).body, "nobody");
  const std::string large(3'000'000, 'x');
  EXPECT_EQ(client.ask(post_request("/echo", large)).body, large);
  client.send(get_request("/hello") + get_request("/who"));
  EXPECT_EQ(client.read_reply().body, "hello");
  EXPECT_EQ(client.read_reply().body, "nobody");
  EXPECT_EQ(server_->thread_count(), 1);
}

TEST_F(TlsTest, LimitsBodiesAndSaysSo) {
  serve();
  TlsClient client(port());
  EXPECT_EQ(client.ask(post_request("/echo", std::string(5'000'000, 'x'))).status, 413);
  EXPECT_TRUE(client.reads_end());
}

TEST_F(TlsTest, SpeaksNothingOldNorWeak) {
  serve();
  TlsClient client(port(), {.version_max = TLS1_2_VERSION});
  ASSERT_TRUE(client.is_up());
  EXPECT_THAT(client.cipher(), HasSubstr("ECDHE-ECDSA-"));
  EXPECT_FALSE(TlsClient(port(), {.version_max = TLS1_1_VERSION}).is_up());
  EXPECT_FALSE(TlsClient(port(), {.protocol = "imap"}).is_up());
  options_.only_tls13 = true;
  serve();
  EXPECT_FALSE(TlsClient(port(), {.version_max = TLS1_2_VERSION}).is_up());
  EXPECT_TRUE(TlsClient(port()).is_up());
}

TEST_F(TlsTest, TellsWhoeverComesWithoutIt) {
  serve();
  const auto reply = exchange(port(), get_request("/hello"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "This port speaks https alone.\n");
}

TEST_F(TlsTest, WaitsForNoHandshakeForever) {
  options_.handshake_timeout = std::chrono::milliseconds(100);
  serve();
  Connection silent(port()), slow(port());
  // The head of a first record, and then nothing more.
  slow.send(std::string_view("\x16\x03\x01\x02", 4));
  EXPECT_TRUE(silent.reads_end());
  EXPECT_TRUE(slow.reads_end());
  EXPECT_EQ(TlsClient(port()).ask(get_request("/hello")).status, 200);
}

TEST_F(TlsTest, SurvivesGarbage) {
  serve();
  for (const std::string& garbage :
       {std::string(300, '\xff'), std::string("\x16\x03\x01\x00\x05hello"),
        std::string("\x15\x03\x03\x00\x02\x02\x28", 7), std::string(20'000, '\0')}) {
    Connection client(port());
    client.send(garbage);
    client.close();
  }
  TlsClient client(port());
  EXPECT_EQ(client.ask(get_request("/hello")).body, "hello");
}

TEST_F(TlsTest, HoldsManyConnectionsAtOnce) {
  serve();
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<TlsClient>(port()));
  for (auto& client : clients) ASSERT_EQ(client->ask(get_request("/hello")).body, "hello");
  EXPECT_EQ(server_->thread_count(), 200);
}

TEST_F(TlsTest, TurnsAwayWhomNoThreadIsLeftFor) {
  server_options_.threads_max = 2;
  serve();
  TlsClient first(port()), second(port());
  EXPECT_EQ(first.ask(get_request("/hello")).status, 200);
  EXPECT_EQ(second.ask(get_request("/hello")).status, 200);
  EXPECT_FALSE(TlsClient(port()).is_up());
  EXPECT_EQ(first.ask(get_request("/hello")).status, 200);
}

TEST_F(TlsTest, TakesUpARenewedCertificate) {
  serve();
  TlsClient before(port());
  const std::string old_one = before.server_certificate();
  EXPECT_EQ(before.ask(get_request("/hello")).status, 200);
  const Issued renewed = issue(server_wish(), &authority_);
  write_private(options_.certificate, renewed.pem());
  const auto half = tls_->reload_if_changed(now());
  ASSERT_FALSE(half) << "the key is still the old one";
  EXPECT_EQ(TlsClient(port()).server_certificate(), old_one);
  const auto same = tls_->reload_if_changed(now());
  ASSERT_TRUE(same);
  EXPECT_FALSE(*same) << "what failed is not tried again until it changes";
  write_private(options_.key, renewed.key_pem());
  const auto whole = tls_->reload_if_changed(now());
  ASSERT_TRUE(whole);
  EXPECT_TRUE(*whole);
  EXPECT_EQ(TlsClient(port()).server_certificate(), renewed.pem());
  EXPECT_EQ(before.ask(get_request("/hello")).status, 200) << "who was here goes on";
}

class TlsStreams : public TlsTest {
 protected:
  void add_routes(Server& server) override {
    TlsTest::add_routes(server);
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

TEST_F(TlsStreams, AreToldWhenTheirClientGoes) {
  serve();
  TlsClient stream(port()), slow(port());
  stream.send(get_request("/endless"));
  stream.read_until("begun");
  slow.send(get_request("/slow"));
  EXPECT_TRUE(eventually([&] { return running_ == 2; }));
  stream.close();
  slow.close();
  EXPECT_TRUE(eventually([&] { return running_ == 0; }));
}

TEST_F(TlsStreams, EndWhenTheirClientReadsNoMore) {
  server_options_.write_timeout = std::chrono::seconds(1);
  serve();
  TlsClient client(port());
  client.send(get_request("/flood"));
  EXPECT_TRUE(eventually([&] { return running_ == 1; }));
  EXPECT_TRUE(eventually([&] { return running_ == 0; }));
}

TEST_F(TlsStreams, StopWithTheServer) {
  serve();
  TlsClient stream(port());
  stream.send(get_request("/endless"));
  EXPECT_TRUE(eventually([&] { return running_ == 1; }));
  server_->stop();
  EXPECT_EQ(running_, 0);
}

}  // namespace
}  // namespace wenyuan::http
