// Whom a client's certificate stands for: one of its names, as the settings say, and nothing near
// it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::auth {

// The names in a certificate whose chain has been checked already.
struct ClientCertificate {
  std::string fingerprint;                // SHA-256 of its bytes, in small hexadecimal letters
  std::string serial;                     // in hexadecimal letters
  std::vector<std::string> common_names;  // of the subject
  std::vector<std::string> emails;        // these three of subjectAltName
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  UnixMillis not_after = 0;
  // Some name holds what no name holds: a zero byte, a control character, or is over 255 bytes.
  bool malformed = false;
};

enum class CertificateName { uri, email, dns, common_name };
// "san_uri", "san_email", "san_dns", "subject_cn", as the settings spell them.
std::string_view name(CertificateName field);
// Nothing for any other text.
Result<CertificateName> certificate_name(std::string_view text);

struct CertificateMapping {
  CertificateName field = CertificateName::uri;
  // value of that name = user name. When empty, the value is the user name.
  std::vector<std::pair<std::string, std::string>> users;
};

// The user name. unauthenticated, and why, when the certificate has none or several values of that
// kind, when its value is not in the table, or when it has ended by now. Compared byte for byte.
Result<std::string> username_of(const ClientCertificate& certificate,
                                const CertificateMapping& mapping, UnixMillis now);

// As which credential its requests are kept in the audit log: "crt_" and the head of the
// fingerprint.
std::string credential_id(const ClientCertificate& certificate);

}  // namespace wenyuan::auth
