// Asks identity providers over HTTP, and nobody else.
#pragma once

#include <string>

#include "auth/identity/http_exchange.h"

namespace wenyuan::api {

struct OutgoingOptions {
  int connect_seconds = 5;
  int read_seconds = 10;
  std::string ca_file{};  // PEM; empty: those that the system trusts
};

// Thread-safe: a connection for each request. Certificates are checked, redirects not followed, and
// more than 1 MiB is not read.
class OutgoingHttp final : public auth::HttpExchange {
 public:
  explicit OutgoingHttp(const OutgoingOptions& options) : options_(options) {}
  Result<auth::OutgoingReply> send(const auth::OutgoingRequest& request) override;

 private:
  const OutgoingOptions options_;
};

}  // namespace wenyuan::api
