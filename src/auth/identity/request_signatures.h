// Who has signed this request: HTTP message signatures (RFC 9421), and a plain HMAC of our own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/identity/body_digest.h"
#include "auth/identity/request_credentials.h"
#include "auth/identity/signature_base.h"

namespace wenyuan::auth {

inline constexpr std::string_view kPlainScheme = "WY-HMAC-SHA256";

struct SignedBy {
  RequestCredential credential;
  std::optional<BodyDigest> body{};  // to be checked as the body comes in
};

// Thread-safe. A signature covers the method, the whole target, the body if there is one, the time
// of signing and a nonce; each nonce is good once, within five minutes.
class RequestSignatures {
 public:
  struct Options {
    std::int64_t window_seconds = 300;  // before and after
  };
  RequestSignatures(const KeySecret& secret, store::Database& database, const Options& options)
      : credentials_(secret), database_(database), options_(options) {}

  const RequestCredentials& credentials() const { return credentials_; }

  // Whether it claims to be signed.
  static bool is_signed(const SignedRequest& request);
  // unauthenticated for everything that is wrong; the message is for the log.
  Result<SignedBy> verify(const SignedRequest& request, bool has_body, UnixMillis now) const;

 private:
  struct Claim {
    std::string credential_id, nonce, signature, base;
    std::int64_t created = 0;
    std::optional<std::string> algorithm;  // named in the request
    bool plain = false;
  };
  Result<Claim> message_claim(const SignedRequest& request, const std::string& input,
                              const std::string& signature, bool has_body) const;
  Result<SignedBy> check(const Claim& claim, UnixMillis now) const;

  const RequestCredentials credentials_;
  store::Database& database_;
  const Options options_;
};

// What the plain scheme signs; docs/formats/request-signatures.md says it in words.
std::string plain_signature_text(std::string_view method, std::string_view authority,
                                 std::string_view target, std::int64_t time, std::string_view nonce,
                                 std::string_view body_sha256_hex);

}  // namespace wenyuan::auth
