#include "api/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <iterator>

#include "base/file.h"

namespace wenyuan::http {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileSizeMax = std::size_t{1} << 20;
constexpr std::size_t kCrlSizeMax = std::size_t{64} << 20;
constexpr int kChainDepthMax = 8;
// Forward secrecy and authenticated encryption alone. Those of TLS 1.3 are all of that kind.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
constexpr unsigned char kProtocol[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kSessionContext[] = "wenyuan";

Error bad(std::string what) { return {ErrorCode::invalid_argument, std::move(what)}; }

Error about(const fs::path& path, const Error& error) {
  return {error.code, path.string() + ": " + error.message};
}

Result<std::string> read_key(const fs::path& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) == 0 && (seen.st_mode & S_IRWXO) != 0) {
    return bad(path.string() + ": others may read this private key; chmod o-rwx");
  }
  return read_file(path, kFileSizeMax);
}

Status check_server_certificate(X509& certificate, const fs::path& path, UnixMillis now) {
  const std::string file = path.string();
  if (not_after(certificate) <= now) {
    return bad(file + ": the certificate expired on " + rfc3339(not_after(certificate)));
  }
  if (not_before(certificate) > now) {
    return bad(file + ": the certificate is not valid before " + rfc3339(not_before(certificate)));
  }
  if (!is_for_servers(certificate)) return bad(file + ": the certificate is not for servers");
  return Done{};
}

Status use_own_certificate(SSL_CTX* context, const TlsOptions& options, UnixMillis now,
                           UnixMillis& expires_at) {
  WY_TRY(const std::string pem, read_file(options.certificate, kFileSizeMax));
  auto chain = parse_certificates(pem);
  if (!chain) return about(options.certificate, chain.error());
  WY_TRY(const std::string key_pem, read_key(options.key));
  auto key = parse_private_key(key_pem);
  if (!key) return about(options.key, key.error());
  X509& own = *chain->front();
  WY_RETURN_IF_ERROR(check_server_certificate(own, options.certificate, now));
  if (SSL_CTX_use_certificate(context, &own) != 1) {
    return bad(options.certificate.string() + ": " + last_tls_error());
  }
  if (X509_check_private_key(&own, key->get()) != 1) {
    ERR_clear_error();
    return bad(options.key.string() + " is not the key of the certificate in " +
               options.certificate.string());
  }
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    return bad(options.key.string() + ": " + last_tls_error());
  }
  for (auto one = std::next(chain->begin()); one != chain->end(); ++one) {
    if (SSL_CTX_add1_chain_cert(context, one->get()) == 1) continue;
    return bad(options.certificate.string() + ": " + last_tls_error());
  }
  expires_at = not_after(own);
  return Done{};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, kProtocol, sizeof kProtocol, offered, offered_size);
  *out = chosen;
  // RFC 7301: somebody who wants another protocol is at the wrong door.
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Besides what OpenSSL finds: see is_for_clients().
int check_client(int good, X509_STORE_CTX* chain) {
  if (good != 1 || X509_STORE_CTX_get_error_depth(chain) != 0) return good;
  if (is_for_clients(*X509_STORE_CTX_get_current_cert(chain))) return 1;
  X509_STORE_CTX_set_error(chain, X509_V_ERR_INVALID_PURPOSE);
  return 0;
}

Status use_revocation_lists(X509_STORE* store, const fs::path& path) {
  WY_TRY(const std::string pem, read_file(path, kCrlSizeMax));
  const auto lists = parse_revocation_lists(pem);
  if (!lists) return about(path, lists.error());
  for (const RevocationList& list : *lists) {
    if (X509_STORE_add_crl(store, list.get()) != 1) {
      return bad(path.string() + ": " + last_tls_error());
    }
  }
  // Of the whole chain; a list that is missing or too old refuses, too.
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return Done{};
}

Status use_client_authorities(SSL_CTX* context, const TlsOptions& options, UnixMillis now) {
  WY_TRY(const std::string pem, read_file(options.client_ca, kFileSizeMax));
  const auto authorities = parse_certificates(pem);
  if (!authorities) return about(options.client_ca, authorities.error());
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  const std::string file = options.client_ca.string();
  for (const Certificate& one : *authorities) {
    if (X509_check_ca(one.get()) == 0) return bad(file + ": holds a certificate of no authority");
    if (not_after(*one) <= now) {
      return bad(file + ": an authority's certificate expired on " + rfc3339(not_after(*one)));
    }
    if (X509_STORE_add_cert(store, one.get()) != 1) return bad(file + ": " + last_tls_error());
    // Tells clients which of their certificates will do.
    if (SSL_CTX_add_client_CA(context, one.get()) != 1) return bad(file + ": " + last_tls_error());
  }
  if (!options.client_crl.empty()) {
    WY_RETURN_IF_ERROR(use_revocation_lists(store, options.client_crl));
  }
  int mode = SSL_VERIFY_PEER;
  if (options.clients == ClientCertificates::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, check_client);
  SSL_CTX_set_verify_depth(context, kChainDepthMax);
  // A resumed session would bring along a certificate that nobody looks at again.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return Done{};
}

void set_up_protocol(SSL_CTX* context, const TlsOptions& options) {
  SSL_CTX_set_min_proto_version(context, options.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  // Idle connections are many, and keep no buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

}  // namespace

Result<TlsContext> make_tls_context(const TlsOptions& options, UnixMillis now) {
  ERR_clear_error();
  TlsContext made;
  made.context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made.context.get();
  if (context == nullptr) return Error{ErrorCode::unavailable, "TLS: " + last_tls_error()};
  set_up_protocol(context, options);
  if (SSL_CTX_set_cipher_list(context, kCiphers) != 1) {
    return Error{ErrorCode::unavailable, "TLS: " + last_tls_error()};
  }
  WY_RETURN_IF_ERROR(use_own_certificate(context, options, now, made.expires_at));
  if (options.clients != ClientCertificates::none) {
    WY_RETURN_IF_ERROR(use_client_authorities(context, options, now));
  }
  return made;
}

}  // namespace wenyuan::http
