// Certificates of clients, good and bad, in real handshakes.
#include <gmock/gmock.h>
#include <openssl/x509v3.h>

#include "tests/api/tls_fixture.h"

namespace wenyuan::http {
namespace {

using testing::ElementsAre;

class ClientCertificateTest : public TlsTest {
 protected:
  // What /who answers; empty when the connection is refused.
  std::string who(const TlsClient::Options& options) {
    TlsClient client(port(), options);
    return client.ask(get_request("/who")).body;
  }
  std::string who(const Issued& shown) { return who(TlsClient::Options{.shows = &shown}); }
  bool refused(const Issued& shown) { return who(shown).empty(); }

  const Issued good_ = issue(client_wish(), &authority_);
};

TEST_F(ClientCertificateTest, IsKnownByItsNames) {
  ask_for_certificates(ClientCertificates::optional);
  serve();
  EXPECT_EQ(who(good_), "urn:example:ann");
  EXPECT_EQ(who({.shows = &good_, .version_max = TLS1_2_VERSION}), "urn:example:ann");
  EXPECT_EQ(who(TlsClient::Options{}), "nobody");
}

TEST_F(ClientCertificateTest, MayBeRequired) {
  ask_for_certificates(ClientCertificates::required);
  serve();
  EXPECT_EQ(who(good_), "urn:example:ann");
  EXPECT_EQ(who(TlsClient::Options{}), "");
}

TEST_F(ClientCertificateTest, IsNotAskedForUnlessConfigured) {
  serve();
  EXPECT_EQ(who(good_), "nobody");
}

TEST_F(ClientCertificateTest, ComesThroughAuthoritiesInBetween) {
  ask_for_certificates(ClientCertificates::optional);
  serve();
  const Issued between = issue(authority_wish("between"), &authority_);
  const Issued below = issue(client_wish(), &between);
  EXPECT_EQ(who({.shows = &below, .along = {&between}}), "urn:example:ann");
  EXPECT_EQ(who(below), "") << "without the one in between";
}

// Each must be refused in the handshake.
TEST_F(ClientCertificateTest, IsRefusedWhenAnythingIsWrong) {
  ask_for_certificates(ClientCertificates::optional);
  serve();
  CertificateWish wish = client_wish();
  EXPECT_TRUE(refused(issue(wish))) << "self-signed";
  EXPECT_TRUE(refused(issue(wish, &good_))) << "signed by a client";
  const Issued stranger = issue(authority_wish("other authority"));
  EXPECT_TRUE(refused(issue(wish, &stranger))) << "of another authority";
  const Issued impostor = issue(authority_wish("test authority"));
  EXPECT_TRUE(refused(issue(wish, &impostor))) << "of one that only has the name";
  EXPECT_TRUE(refused(authority_)) << "the authority itself";

  wish.days_from = -30, wish.days_to = -1;
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "expired";
  wish.days_from = 1, wish.days_to = 30;
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "not valid yet";

  for (const char* use : {"serverAuth", "emailProtection", "codeSigning"}) {
    wish = client_wish();
    wish.extensions[0].second = use;
    EXPECT_TRUE(refused(issue(wish, &authority_))) << use;
  }
  wish = client_wish();
  wish.extensions.erase(wish.extensions.begin());
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "for no use in particular";
  wish = client_wish();
  wish.extensions.emplace_back(NID_basic_constraints, "critical,CA:TRUE");
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "an authority that says it is a client";
  wish = client_wish();
  wish.extensions.emplace_back(NID_key_usage, "critical,keyCertSign");
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "a key that may not sign handshakes";

  wish = client_wish();
  wish.sha1 = true;
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "signed over SHA-1";
  wish = client_wish();
  wish.rsa_bits = 1024;
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "a short key";
  wish = client_wish();
  wish.extensions.emplace_back(NID_policy_constraints, "critical,requireExplicitPolicy:0");
  wish.extensions.emplace_back(NID_netscape_comment, "critical,understood by nobody");
  EXPECT_TRUE(refused(issue(wish, &authority_))) << "a critical extension that nobody knows";
  EXPECT_EQ(who(good_), "urn:example:ann");
}

TEST_F(ClientCertificateTest, IsRefusedWhenItsChainIsWrong) {
  ask_for_certificates(ClientCertificates::optional);
  serve();
  const auto through = [&](const Issued& between) {
    const Issued below = issue(client_wish(), &between);
    return who({.shows = &below, .along = {&between}});
  };
  CertificateWish wish = authority_wish("between");
  wish.days_from = -9, wish.days_to = -1;
  EXPECT_EQ(through(issue(wish, &authority_)), "") << "the one in between has expired";
  wish = authority_wish("between");
  wish.extensions.emplace_back(NID_name_constraints, "permitted;URI:.elsewhere.example");
  EXPECT_EQ(through(issue(wish, &authority_)), "") << "outside of its name constraints";
  wish = authority_wish("between");
  wish.extensions[1].second = "critical,cRLSign";
  EXPECT_EQ(through(issue(wish, &authority_)), "") << "it may not sign certificates";
  wish = authority_wish("between", "critical,CA:FALSE");
  EXPECT_EQ(through(issue(wish, &authority_)), "") << "it is no authority";
  const Issued last = issue(authority_wish("last", "critical,CA:TRUE,pathlen:0"), &authority_);
  const Issued below_last = issue(authority_wish("below last"), &last);
  const Issued leaf = issue(client_wish(), &below_last);
  EXPECT_EQ(who({.shows = &leaf, .along = {&below_last, &last}}), "") << "too long a path";
}

TEST_F(ClientCertificateTest, IsRefusedOnceRevoked) {
  ask_for_certificates(ClientCertificates::optional);
  options_.client_crl = write_private(file("crl.pem"), revoke(authority_, {}));
  serve();
  TlsClient here(port(), {.shows = &good_});
  EXPECT_EQ(here.ask(get_request("/who")).body, "urn:example:ann");
  TlsClient nobody(port());
  EXPECT_EQ(nobody.ask(get_request("/who")).body, "nobody");

  write_private(options_.client_crl, revoke(authority_, {&good_}));
  ASSERT_TRUE(tls_->reload(now()));
  EXPECT_EQ(who(good_), "");
  EXPECT_EQ(here.ask(get_request("/who")).status, 0) << "connections from before end";
  EXPECT_EQ(nobody.ask(get_request("/who")).body, "nobody") << "but those without one";
  EXPECT_EQ(who(issue(client_wish(), &authority_)), "urn:example:ann");

  write_private(options_.client_crl, revoke(authority_, {}, -1));
  ASSERT_TRUE(tls_->reload(now()));
  EXPECT_EQ(who(good_), "") << "a list that is too old says nothing";
}

TEST_F(ClientCertificateTest, IsNotResumedFromAnEarlierSession) {
  ask_for_certificates(ClientCertificates::optional);
  serve();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(port(), {.shows = &good_, .version_max = version});
    EXPECT_EQ(client.ask(get_request("/who")).status, 200);
    EXPECT_FALSE(client.can_resume());
  }
}

TEST(CertificateNames, AreReadExactly) {
  const Issued one = issue(
      client_wish("URI:urn:a,URI:urn:b,email:ann@example.com,DNS:ann.example.com,IP:192.0.2.1"));
  const auth::ClientCertificate names = names_of(*one.certificate);
  EXPECT_FALSE(names.malformed);
  EXPECT_THAT(names.uris, ElementsAre("urn:a", "urn:b"));
  EXPECT_THAT(names.emails, ElementsAre("ann@example.com"));
  EXPECT_THAT(names.dns_names, ElementsAre("ann.example.com"));
  EXPECT_THAT(names.common_names, ElementsAre("somebody"));
  EXPECT_EQ(names.fingerprint.size(), 64U);
  EXPECT_GT(names.not_after, 0);
}

TEST(CertificateNames, SeeThroughTricks) {
  CertificateWish wish = client_wish("");
  wish.raw_email = std::string("ann@example.com\0.evil.example", 29);
  EXPECT_TRUE(names_of(*issue(wish).certificate).malformed) << "a zero byte";
  wish.raw_email = "ann@example.com\n";
  EXPECT_TRUE(names_of(*issue(wish).certificate).malformed) << "a line break";
  wish.raw_email = "\xc3\xa4nn@example.com";
  EXPECT_TRUE(names_of(*issue(wish).certificate).malformed) << "not ASCII";
  wish = client_wish("");
  wish.raw_email = "ann@example.com";
  wish.extensions.emplace_back(NID_subject_alt_name, "email:bob@example.com");
  EXPECT_TRUE(names_of(*issue(wish).certificate).malformed) << "two lists of names";
  wish = client_wish("");
  wish.common_names = {"ann", "bob"};
  EXPECT_THAT(names_of(*issue(wish).certificate).common_names, ElementsAre("ann", "bob"));
  wish.common_names = {std::string("ann\0bob", 7)};
  EXPECT_TRUE(names_of(*issue(wish).certificate).malformed);
}

}  // namespace
}  // namespace wenyuan::http
