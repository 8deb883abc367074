// Reads certificates: those of clients into their names, those in files for what is wrong with
// them.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/client_certificate.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::http {

struct FreeTls {
  void operator()(X509* one) const { X509_free(one); }
  void operator()(X509_CRL* one) const { X509_CRL_free(one); }
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  void operator()(BIO* one) const { BIO_free(one); }
  void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
  void operator()(SSL* one) const { SSL_free(one); }
};
using Certificate = std::unique_ptr<X509, FreeTls>;
using RevocationList = std::unique_ptr<X509_CRL, FreeTls>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeTls>;
using SslContext = std::unique_ptr<SSL_CTX, FreeTls>;

// What OpenSSL said last in this thread, which it then forgets: "ee key too small".
std::string last_tls_error();

// invalid_argument without one, with over 64, or with anything that is malformed.
Result<std::vector<Certificate>> parse_certificates(std::string_view pem);
Result<std::vector<RevocationList>> parse_revocation_lists(std::string_view pem);
// invalid_argument says that a key with a passphrase is of no use here.
Result<PrivateKey> parse_private_key(std::string_view pem);

UnixMillis not_before(const X509& certificate);
UnixMillis not_after(const X509& certificate);

auth::ClientCertificate names_of(const X509& certificate);

// Whether it may stand for a client at all: it says clientAuth, is no authority and not signed by
// itself. The chain above it is OpenSSL's to check.
bool is_for_clients(X509& certificate);
// Whether it may stand for a server.
bool is_for_servers(X509& certificate);

}  // namespace wenyuan::http
