// Carries the requests of backups to the object store that the settings name, and to nobody else.
#pragma once

#include <memory>
#include <string>

#include "backup/http_transport.h"
#include "base/result.h"

namespace wenyuan::api {

struct StorageHttpOptions {
  std::string origin;          // "https://HOST[:PORT]"
  bool insecure_http = false;  // also to other machines without TLS
  std::string ca_file{};       // PEM; empty: those that the system trusts
  int connect_seconds = 5;
  int quiet_seconds = 30;  // without a byte
  int whole_seconds = 120;
};

// Certificates are checked, redirects not followed; connections are kept for the next request.
// invalid_argument for what is no address, or one without TLS beyond this machine.
Result<std::unique_ptr<backup::Transport>> open_storage_http(const StorageHttpOptions& options);

}  // namespace wenyuan::api
