#include "tests/api/tls_fixture.h"

#include <openssl/err.h>

namespace wenyuan::http {

TlsClient::TlsClient(int port) : TlsClient(port, Options{}) {}

TlsClient::TlsClient(int port, const Options& options)
    : Connection(port), context_(SSL_CTX_new(TLS_client_method())) {
  // What the server will not have, it is to refuse, not the client.
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
  if (options.shows != nullptr) {
    SSL_CTX_use_certificate(context_.get(), options.shows->certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), options.shows->key.get());
    for (const Issued* one : options.along) {
      SSL_CTX_add1_chain_cert(context_.get(), one->certificate.get());
    }
  }
  ssl_.reset(SSL_new(context_.get()));
  const std::string offered =
      std::string(1, static_cast<char>(options.protocol.size())) + options.protocol;
  SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned>(offered.size()));
  SSL_set_fd(ssl_.get(), fd());
  up_ = SSL_connect(ssl_.get()) == 1;
  ERR_clear_error();
}

TlsClient::~TlsClient() = default;

void TlsClient::close() {
  // As browsers do: a word, and away.
  if (is_open()) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  Connection::close();
}

std::string TlsClient::server_certificate() const {
  X509* const shown = SSL_get1_peer_certificate(ssl_.get());
  const Issued held{Certificate(shown), nullptr};
  return shown == nullptr ? std::string() : held.pem();
}

std::ptrdiff_t TlsClient::receive_some(char* to, std::size_t size) {
  if (!up_) return -1;
  const int count = SSL_read(ssl_.get(), to, static_cast<int>(size));
  ERR_clear_error();
  return count;
}

std::ptrdiff_t TlsClient::send_some(std::string_view bytes) {
  if (!up_) return -1;
  const int count = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  ERR_clear_error();
  return count;
}

TlsTest::TlsTest() {
  std::filesystem::create_directories(directory_);
  options_.certificate = file("server.pem");
  options_.key = file("server.key");
  use_server_certificate(issue(server_wish(), &authority_));
}

TlsTest::~TlsTest() {
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void TlsTest::use_server_certificate(const Issued& issued) {
  write_private(options_.certificate, issued.pem());
  write_private(options_.key, issued.key_pem());
}

void TlsTest::ask_for_certificates(ClientCertificates how) {
  options_.clients = how;
  options_.client_ca = write_private(file("ca.pem"), authority_.pem());
}

Status TlsTest::open() {
  WY_TRY(tls_, Tls::open(options_, now()));
  return Done{};
}

void TlsTest::serve() {
  const Status opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  server_options_.tls = tls_.get();
  server_ = std::make_unique<Server>(server_options_);
  add_routes(*server_);
  ASSERT_TRUE(server_->start());
}

void TlsTest::add_routes(Server& server) {
  server.add("GET", "/hello", 0,
             [](Request&) { return make_response(200, "text/plain", "hello"); });
  server.add("POST", "/echo", std::size_t{4} << 20, [](Request& request) {
    auto body = request.body();
    return body ? make_response(200, "text/plain", *std::move(body))
                : make_response(413, "text/plain", "too much");
  });
  server.add("GET", "/who", 0, [](Request& request) {
    const auto& shown = request.client_certificate;
    return make_response(200, "text/plain",
                         !request.secure       ? "in clear"
                         : shown == nullptr    ? "nobody"
                         : shown->uris.empty() ? "?"
                                               : shown->uris.front());
  });
}

}  // namespace wenyuan::http
