#include "tests/api/certificate_maker.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <stdexcept>

namespace wenyuan::http {
namespace {

void must(bool good) {
  if (!good) throw std::runtime_error("a certificate cannot be made: " + last_tls_error());
}

template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, FreeTls> sink(BIO_new(BIO_s_mem()));
  must(write(sink.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(sink.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(made != nullptr && X509_add_ext(certificate, made, -1) == 1);
  X509_EXTENSION_free(made);
}

void add_raw_email(X509* certificate, const std::string& email) {
  GENERAL_NAMES* const names = GENERAL_NAMES_new();
  GENERAL_NAME* const name = GENERAL_NAME_new();
  ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, email.data(), static_cast<int>(email.size()));
  GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
  sk_GENERAL_NAME_push(names, name);
  must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1);
  GENERAL_NAMES_free(names);
}

void set_random_serial(X509* certificate) {
  std::uint64_t number = 0;
  must(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1);
}

}  // namespace

std::string Issued::pem() const {
  return pem_of([&](BIO* sink) { return PEM_write_bio_X509(sink, certificate.get()); });
}

std::string Issued::key_pem(const char* passphrase) const {
  return pem_of([&](BIO* sink) {
    const EVP_CIPHER* const cipher = passphrase == nullptr ? nullptr : EVP_aes_256_cbc();
    return PEM_write_bio_PrivateKey(sink, key.get(), cipher, nullptr, 0, nullptr,
                                    const_cast<char*>(passphrase));
  });
}

CertificateWish client_wish(const std::string& alternative_names) {
  CertificateWish wish;
  wish.extensions = {{NID_ext_key_usage, "clientAuth"}};
  if (!alternative_names.empty()) {
    wish.extensions.emplace_back(NID_subject_alt_name, alternative_names);
  }
  return wish;
}

CertificateWish server_wish() {
  CertificateWish wish;
  wish.common_names = {"localhost"};
  wish.extensions = {{NID_ext_key_usage, "serverAuth"},
                     {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"}};
  return wish;
}

CertificateWish authority_wish(const std::string& name, const std::string& constraints) {
  CertificateWish wish;
  wish.common_names = {name};
  wish.extensions = {{NID_basic_constraints, constraints},
                     {NID_key_usage, "critical,keyCertSign,cRLSign"}};
  return wish;
}

Issued issue(const CertificateWish& wish, const Issued* issuer) {
  Issued made;
  made.key.reset(wish.rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(wish.rsa_bits))
                                   : EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  set_random_serial(certificate);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wish.days_from * 86400L);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.days_to * 86400L);
  for (const std::string& name : wish.common_names) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
  }
  X509* const parent = issuer == nullptr ? certificate : issuer->certificate.get();
  must(X509_set_issuer_name(certificate, X509_get_subject_name(parent)) == 1);
  must(X509_set_pubkey(certificate, made.key.get()) == 1);
  for (const auto& [nid, value] : wish.extensions) add_extension(certificate, parent, nid, value);
  if (!wish.raw_email.empty()) add_raw_email(certificate, wish.raw_email);
  EVP_PKEY* const signer = issuer == nullptr ? made.key.get() : issuer->key.get();
  must(X509_sign(certificate, signer, wish.sha1 ? EVP_sha1() : EVP_sha256()) > 0);
  return made;
}

std::string revoke(const Issued& issuer, const std::vector<const Issued*>& revoked, int days_to) {
  const RevocationList list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> from(
      X509_gmtime_adj(nullptr, -10 * 86400L), ASN1_TIME_free);
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> to(
      X509_gmtime_adj(nullptr, days_to * 86400L), ASN1_TIME_free);
  X509_CRL_set1_lastUpdate(list.get(), from.get());
  X509_CRL_set1_nextUpdate(list.get(), to.get());
  for (const Issued* one : revoked) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, from.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  must(X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256()) > 0);
  return pem_of([&](BIO* sink) { return PEM_write_bio_X509_CRL(sink, list.get()); });
}

std::filesystem::path write_private(const std::filesystem::path& path, const std::string& text) {
  // Anew, so that even a change within one tick of the clock is another file.
  const std::filesystem::path fresh = path.string() + ".new";
  std::ofstream(fresh, std::ios::binary) << text;
  std::filesystem::permissions(
      fresh, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::rename(fresh, path);
  return path;
}

}  // namespace wenyuan::http
