// Certificates and revocation lists from strangers: read without harm, and never those of a user.
#include <openssl/x509.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/tls_certificate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan;
  if (size == 0 || size > 65'536) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      const unsigned char* bytes = data + 1;
      const http::Certificate read(d2i_X509(nullptr, &bytes, static_cast<long>(size - 1)));
      if (!read) break;
      const auth::ClientCertificate names = http::names_of(*read);
      static_cast<void>(http::is_for_clients(*read));
      static_cast<void>(http::is_for_servers(*read));
      for (const auto field : {auth::CertificateName::uri, auth::CertificateName::email,
                               auth::CertificateName::dns, auth::CertificateName::common_name}) {
        const auth::CertificateMapping mapping{field, {{"a name that no input can know", "user"}}};
        if (auth::username_of(names, mapping, 0)) std::abort();
      }
      break;
    }
    case 1: static_cast<void>(http::parse_certificates(text)); break;
    case 2: static_cast<void>(http::parse_revocation_lists(text)); break;
    default: static_cast<void>(http::parse_private_key(text)); break;
  }
  return 0;
}
