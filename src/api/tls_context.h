// Makes what every TLS connection begins with, and says what is wrong with the files it is made of.
#pragma once

#include <string>

#include "api/tls_certificate.h"
#include "api/tls_options.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::http {

struct TlsContext {
  SslContext context;
  UnixMillis expires_at = 0;  // of the server's certificate
};

// invalid_argument, or what reading gave, names the file and what is wrong with it: missing, not
// to be read, malformed, expired or not yet valid, not for servers, too weak, a key that does not
// belong to the certificate, has a passphrase, or may be read by everybody.
Result<TlsContext> make_tls_context(const TlsOptions& options, UnixMillis now);

}  // namespace wenyuan::http
