#include "auth/identity/client_certificate.h"

#include <gtest/gtest.h>

#include "auth/credential_kind.h"
#include "auth/user_rows.h"
#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

ClientCertificate certificate() {
  ClientCertificate made;
  made.fingerprint = std::string(64, 'a');
  made.common_names = {"Ann Example"};
  made.emails = {"ann@example.com"};
  made.dns_names = {"ann.example.com"};
  made.uris = {"urn:example:ann"};
  made.not_after = kNow + 1;
  return made;
}

std::string refusal(const ClientCertificate& shown, const CertificateMapping& mapping) {
  const auto found = username_of(shown, mapping, kNow);
  if (found) return "found " + *found;
  EXPECT_EQ(found.error().code, ErrorCode::unauthenticated);
  return found.error().message;
}

TEST(ClientCertificate, IsKnownByTheNameThatTheSettingsSay) {
  const std::pair<CertificateName, const char*> fields[] = {
      {CertificateName::uri, "urn:example:ann"},
      {CertificateName::email, "ann@example.com"},
      {CertificateName::dns, "ann.example.com"},
      {CertificateName::common_name, "Ann Example"}};
  for (const auto& [field, value] : fields) {
    EXPECT_EQ(must(username_of(certificate(), {field, {}}, kNow)), value);
    EXPECT_EQ(must(certificate_name(name(field))), field);
    EXPECT_EQ(must(username_of(certificate(), {field, {{"x", "y"}, {value, "ann"}}}, kNow)), "ann");
  }
  EXPECT_FALSE(certificate_name("cn"));
}

TEST(ClientCertificate, IsNobodysWhenItsNameIsMissingAmbiguousOrOnlyNear) {
  const CertificateMapping by_email{CertificateName::email, {{"ann@example.com", "ann"}}};
  ClientCertificate shown = certificate();
  shown.emails.clear();
  EXPECT_EQ(refusal(shown, by_email), "the client certificate has no san_email");
  shown.emails = {"ann@example.com", "bob@example.com"};
  EXPECT_EQ(refusal(shown, by_email), "the client certificate has several of san_email");
  shown.emails = {"ann@example.com", "ann@example.com"};
  EXPECT_EQ(refusal(shown, by_email), "the client certificate has several of san_email");
  for (const char* near : {"ann@example.co", "ann@example.com.evil", "xann@example.com",
                           "Ann@example.com", "ann@example.com ", "ann"}) {
    shown.emails = {near};
    EXPECT_EQ(refusal(shown, by_email), "the client certificate is of nobody known") << near;
  }
}

TEST(ClientCertificate, IsRefusedWhenMalformedOrOver) {
  const CertificateMapping by_uri{CertificateName::uri, {}};
  ClientCertificate shown = certificate();
  shown.malformed = true;
  EXPECT_EQ(refusal(shown, by_uri), "the client certificate holds a malformed name");
  shown = certificate();
  shown.not_after = kNow;
  EXPECT_EQ(refusal(shown, by_uri), "the client certificate has expired");
}

TEST(ClientCertificate, NamesItsCredential) {
  EXPECT_EQ(credential_id(certificate()), "crt_" + std::string(26, 'a'));
  EXPECT_EQ(credential_kind(credential_id(certificate())), "certificate");
  EXPECT_EQ(credential_kind("key_1"), "key");
  EXPECT_EQ(credential_kind("ses_1"), "session");
  EXPECT_EQ(credential_kind("crd_1"), "signature");
  EXPECT_EQ(credential_kind("jwt_corp"), "gateway");
  EXPECT_EQ(credential_kind(""), "session");
}

class CertificatePrincipal : public AuthTest {};

TEST_F(CertificatePrincipal, NeverAdministersAndEndsWithItsUser) {
  const std::string id = user("ann", {}, {"admin"});
  const auto current = [&] {
    return must(read([&](store::Snapshot& s) {
      return current_principal(s, id, credential_id(certificate()));
    }));
  };
  const auto principal = current();
  ASSERT_TRUE(principal);
  EXPECT_TRUE(principal->has_role("admin"));
  EXPECT_FALSE(principal->acts_as("admin"));
  EXPECT_TRUE(principal->scopes_open(Action::read));
  user("another", {}, {"admin"});
  must(change(id, {.disabled = true}));
  EXPECT_FALSE(current());
}

TEST_F(CertificatePrincipal, IsSeenByPolicies) {
  const std::string ann = user("ann", {}, {"admin"});
  Principal shown = must(read([&](store::Snapshot& s) {
                      return current_principal(s, ann, credential_id(certificate()));
                    })).value();
  const std::string owner = user("owner");
  const std::string papers = organization(owner);
  document(owner, papers);
  policy(
      "permit (principal, action == Action::\"read\", resource) "
      "when { context.credential == \"certificate\" };");
  EXPECT_EQ(permit(shown, Action::read).labels().size(), 1U);
  EXPECT_EQ(permit(who(ann), Action::read).labels().size(), 0U);
}

}  // namespace
}  // namespace wenyuan::auth
