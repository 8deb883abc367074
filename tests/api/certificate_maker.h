// Makes keys and certificates of every kind, good and bad, for tests.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "api/tls_certificate.h"

namespace wenyuan::http {

struct CertificateWish {
  std::vector<std::string> common_names = {"somebody"};
  // As openssl.cnf has them: {NID_ext_key_usage, "clientAuth"}.
  std::vector<std::pair<int, std::string>> extensions{};
  std::string raw_email{};  // a subjectAltName of these very bytes, zero bytes included
  int days_from = -1;
  int days_to = 30;
  bool sha1 = false;
  int rsa_bits = 0;  // 0: a key on P-256
};

struct Issued {
  Certificate certificate;
  PrivateKey key;

  std::string pem() const;
  std::string key_pem(const char* passphrase = nullptr) const;
};

// What a certificate of a client, a server and an authority usually says.
CertificateWish client_wish(const std::string& alternative_names = "URI:urn:example:ann");
CertificateWish server_wish();
CertificateWish authority_wish(const std::string& name,
                               const std::string& constraints = "critical,CA:TRUE");

// Signed by `issuer`, or by itself when that is null.
Issued issue(const CertificateWish& wish, const Issued* issuer = nullptr);
// A revocation list of `issuer`, in PEM.
std::string revoke(const Issued& issuer, const std::vector<const Issued*>& revoked,
                   int days_to = 30);

// Writes a file that only its owner can read, and gives its path.
std::filesystem::path write_private(const std::filesystem::path& path, const std::string& text);

}  // namespace wenyuan::http
