// How the server does TLS.
#pragma once

#include <chrono>
#include <filesystem>

namespace wenyuan::http {

enum class ClientCertificates { none, optional, required };

struct TlsOptions {
  std::filesystem::path certificate;  // PEM: the server's own, then those in between
  std::filesystem::path key;          // PEM, without a passphrase; nothing for others to read
  bool only_tls13 = false;            // else 1.2 too, with forward secrecy and AEAD alone
  ClientCertificates clients = ClientCertificates::none;
  std::filesystem::path client_ca;   // PEM: who may vouch for clients, and nobody else
  std::filesystem::path client_crl;  // PEM, one list of each authority; empty: none is looked at
  // For a whole handshake, however slowly it comes.
  std::chrono::milliseconds handshake_timeout{10'000};
};

}  // namespace wenyuan::http
