#include "api/tls_certificate.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/text.h"

namespace wenyuan::http {
namespace {

constexpr std::size_t kCertificatesMax = 64;
constexpr std::size_t kNamesMax = 64;
constexpr int kNameSizeMax = 255;

using Names = std::vector<std::string>;

Error bad(std::string why) { return {ErrorCode::invalid_argument, std::move(why)}; }

std::unique_ptr<BIO, FreeTls> reader(std::string_view text) {
  return std::unique_ptr<BIO, FreeTls>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

template <class T>
Result<std::vector<std::unique_ptr<T, FreeTls>>> parse_all(std::string_view pem,
                                                           T* (*read)(BIO*, T**, pem_password_cb*,
                                                                      void*)) {
  ERR_clear_error();
  const auto source = reader(pem);
  std::vector<std::unique_ptr<T, FreeTls>> found;
  while (T* one = source ? read(source.get(), nullptr, nullptr, nullptr) : nullptr) {
    found.emplace_back(one);
    if (found.size() > kCertificatesMax) return bad("holds too many");
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return bad("is malformed: " + last_tls_error());
  ERR_clear_error();
  if (found.empty()) return bad("holds none in PEM form");
  return found;
}

// Says no to every passphrase, instead of asking at a terminal.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

UnixMillis time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<UnixMillis>(::timegm(&parts)) * 1000;
}

// Names of DNS, mail and addresses are ASCII without spaces; one that is anything else, or that
// holds a zero byte before its end, is a trick.
void add_name(const ASN1_STRING* text, Names& names, bool& malformed) {
  const int size = ASN1_STRING_length(text);
  const unsigned char* const bytes = ASN1_STRING_get0_data(text);
  if (size <= 0 || size > kNameSizeMax || names.size() >= kNamesMax) {
    malformed = true;
    return;
  }
  std::string name;
  for (int at = 0; at < size; ++at) {
    if (bytes[at] <= 0x20 || bytes[at] >= 0x7F) malformed = true;
    name += static_cast<char>(bytes[at]);
  }
  names.push_back(std::move(name));
}

void add_common_names(const X509& certificate, auth::ClientCertificate& read) {
  const X509_NAME* const subject = X509_get_subject_name(&certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
    const ASN1_STRING* const text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, text);
    if (size <= 0 || size > kNameSizeMax || read.common_names.size() >= kNamesMax) {
      read.malformed = true;
    } else {
      std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
      for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) read.malformed = true;
      }
      if (!is_utf8(name)) read.malformed = true;
      read.common_names.push_back(std::move(name));
    }
    OPENSSL_free(utf8);
  }
}

void add_alternative_names(const X509& certificate, auth::ClientCertificate& read) {
  int critical = -1;
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, &critical, nullptr));
  // -1 says that there is none; anything else without names, that it is broken or there twice.
  if (names == nullptr) {
    read.malformed = read.malformed || critical != -1;
    return;
  }
  for (int at = 0; at < sk_GENERAL_NAME_num(names); ++at) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(names, at);
    switch (one->type) {
      case GEN_EMAIL: add_name(one->d.rfc822Name, read.emails, read.malformed); break;
      case GEN_DNS: add_name(one->d.dNSName, read.dns_names, read.malformed); break;
      case GEN_URI: add_name(one->d.uniformResourceIdentifier, read.uris, read.malformed); break;
      default: break;  // addresses and names of directories name no user here
    }
  }
  GENERAL_NAMES_free(names);
}

std::string serial_of(const X509& certificate) {
  BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr);
  char* const text = number == nullptr ? nullptr : BN_bn2hex(number);
  std::string serial = text == nullptr ? std::string() : to_lower_ascii(text);
  OPENSSL_free(text);
  BN_free(number);
  return serial.substr(0, 64);
}

}  // namespace

std::string last_tls_error() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

Result<std::vector<Certificate>> parse_certificates(std::string_view pem) {
  return parse_all<X509>(pem, PEM_read_bio_X509);
}

Result<std::vector<RevocationList>> parse_revocation_lists(std::string_view pem) {
  return parse_all<X509_CRL>(pem, PEM_read_bio_X509_CRL);
}

Result<PrivateKey> parse_private_key(std::string_view pem) {
  ERR_clear_error();
  const auto source = reader(pem);
  bool asked = false;
  PrivateKey key(source ? PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, &asked)
                        : nullptr);
  if (key) return key;
  const std::string why = last_tls_error();
  if (asked) return bad("has a passphrase; give the key without one");
  return bad("holds no private key in PEM form: " + why);
}

UnixMillis not_before(const X509& certificate) {
  return time_of(X509_get0_notBefore(&certificate));
}

UnixMillis not_after(const X509& certificate) { return time_of(X509_get0_notAfter(&certificate)); }

auth::ClientCertificate names_of(const X509& certificate) {
  auth::ClientCertificate read;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest, &size) == 1) {
    read.fingerprint = to_hex({digest, size});
  } else {
    read.malformed = true;
  }
  read.serial = serial_of(certificate);
  read.not_after = not_after(certificate);
  add_common_names(certificate, read);
  add_alternative_names(certificate, read);
  return read;
}

bool is_for_clients(X509& certificate) {
  // UINT32_MAX says that it names no use at all, and so was made for none in particular.
  const std::uint32_t uses = X509_get_extended_key_usage(&certificate);
  const bool says_so = uses != UINT32_MAX && (uses & XKU_SSL_CLIENT) != 0;
  return says_so && X509_check_ca(&certificate) == 0 &&
         (X509_get_extension_flags(&certificate) & EXFLAG_SS) == 0;
}

bool is_for_servers(X509& certificate) {
  return X509_check_purpose(&certificate, X509_PURPOSE_SSL_SERVER, 0) == 1;
}

}  // namespace wenyuan::http
