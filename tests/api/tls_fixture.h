// A server with TLS, and clients that speak it, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http_server.h"
#include "api/tls.h"
#include "base/clock.h"
#include "base/id.h"
#include "tests/api/certificate_maker.h"
#include "tests/api/http_fixture.h"

namespace wenyuan::http {

class TlsClient final : public Connection {
 public:
  struct Options {
    const Issued* shows = nullptr;       // its own certificate
    std::vector<const Issued*> along{};  // sent with it
    int version_max = TLS1_3_VERSION;
    std::string protocol = "http/1.1";
  };
  explicit TlsClient(int port);
  TlsClient(int port, const Options& options);
  ~TlsClient() override;

  // Whether the handshake is over. In TLS 1.3 the server may still refuse the certificate.
  bool is_up() const { return up_; }
  Reply ask(std::string_view request) {
    send(request);
    return read_reply();
  }
  void close() override;
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  // Whether the server gave it something to come back with.
  bool can_resume() const { return SSL_SESSION_is_resumable(SSL_get0_session(ssl_.get())) == 1; }
  // In PEM.
  std::string server_certificate() const;

 private:
  std::ptrdiff_t receive_some(char* to, std::size_t size) override;
  std::ptrdiff_t send_some(std::string_view bytes) override;

  SslContext context_;
  std::unique_ptr<SSL, FreeTls> ssl_;
  bool up_ = false;
};

class TlsTest : public testing::Test {
 protected:
  TlsTest();
  ~TlsTest() override;

  Status open();  // files as options_ says
  void serve();   // open(), and a server that has the routes of add_routes()
  virtual void add_routes(Server& server);
  int port() const { return server_->port(); }
  static UnixMillis now() { return SystemClock().now(); }

  std::filesystem::path file(const char* name) const { return directory_ / name; }
  void use_server_certificate(const Issued& issued);
  void ask_for_certificates(ClientCertificates how);

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / new_id("wenyuan_tls_test");
  const Issued authority_ = issue(authority_wish("test authority"));
  TlsOptions options_;
  Server::Options server_options_;
  std::unique_ptr<Tls> tls_;
  std::unique_ptr<Server> server_;
};

}  // namespace wenyuan::http
