#include "auth/identity/client_certificate.h"

#include <algorithm>
#include <iterator>

#include "auth/credential_kind.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kFingerprintHead = 26;

constexpr std::pair<CertificateName, std::string_view> kNames[] = {
    {CertificateName::uri, "san_uri"},
    {CertificateName::email, "san_email"},
    {CertificateName::dns, "san_dns"},
    {CertificateName::common_name, "subject_cn"},
};

Error refused(std::string why) { return {ErrorCode::unauthenticated, std::move(why)}; }

const std::vector<std::string>& values(const ClientCertificate& certificate,
                                       CertificateName field) {
  switch (field) {
    case CertificateName::uri: return certificate.uris;
    case CertificateName::email: return certificate.emails;
    case CertificateName::dns: return certificate.dns_names;
    case CertificateName::common_name: break;
  }
  return certificate.common_names;
}

}  // namespace

std::string_view name(CertificateName field) {
  return std::ranges::find(kNames, field, [](const auto& one) { return one.first; })->second;
}

Result<CertificateName> certificate_name(std::string_view text) {
  const auto* const found =
      std::ranges::find(kNames, text, [](const auto& one) { return one.second; });
  if (found != std::end(kNames)) return found->first;
  return Error{ErrorCode::invalid_argument, "is san_uri, san_email, san_dns or subject_cn"};
}

Result<std::string> username_of(const ClientCertificate& certificate,
                                const CertificateMapping& mapping, UnixMillis now) {
  // The handshake has looked at this too, but a connection may outlive a certificate.
  if (certificate.not_after <= now) return refused("the client certificate has expired");
  if (certificate.malformed) return refused("the client certificate holds a malformed name");
  const std::vector<std::string>& found = values(certificate, mapping.field);
  const std::string kind(name(mapping.field));
  if (found.empty()) return refused("the client certificate has no " + kind);
  if (found.size() > 1) return refused("the client certificate has several of " + kind);
  if (mapping.users.empty()) return found.front();
  const auto user =
      std::ranges::find(mapping.users, found.front(), [](const auto& one) { return one.first; });
  if (user == mapping.users.end()) return refused("the client certificate is of nobody known");
  return user->second;
}

std::string credential_id(const ClientCertificate& certificate) {
  std::string id(kCertificateHead);
  id.append(certificate.fingerprint, 0, kFingerprintHead);
  return id;
}

}  // namespace wenyuan::auth
