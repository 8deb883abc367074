// Keys under which programs sign their requests, instead of sending a key along.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/jwk.h"
#include "auth/key_secret.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

// The names of RFC 9421, section 3.3.
enum class SigningKind { ed25519, ecdsa_p256_sha256, rsa_pss_sha512, hmac_sha256 };
std::string_view name(SigningKind kind);
std::optional<SigningKind> signing_kind(std::string_view name);
JwsAlgorithm algorithm_of(SigningKind kind);  // the same mathematics

struct RequestCredential {
  std::string id;  // crd_…: what "keyid" says
  std::string user_id;
  std::string name;
  SigningKind kind = SigningKind::ed25519;
  std::vector<std::string> scopes;  // sorted
  std::optional<UnixMillis> expires_at;
  UnixMillis created_at = 0;
};

struct NewRequestCredential {
  RequestCredential info;
  std::string secret;  // of hmac-sha256, in base64; shown once
};

constexpr std::string_view kCredentialIdHead = "crd_";

// Thread-safe. Public keys are kept as they are, secrets sealed under a key from the store's.
// Removing raises the epoch.
class RequestCredentials {
 public:
  explicit RequestCredentials(const KeySecret& secret) : secret_(secret) {}

  // `public_key` is a PEM, and empty for hmac-sha256: that secret is made here.
  Result<NewRequestCredential> add(store::Transaction& tx, RequestCredential wanted,
                                   std::string_view public_key, UnixMillis now) const;
  Status remove(store::Transaction& tx, const std::string& id) const;
  Result<RequestCredential> credential(store::Snapshot& snapshot, const std::string& id) const;
  // Oldest first.
  Result<std::vector<RequestCredential>> credentials(store::Snapshot& snapshot,
                                                     const std::string& user_id) const;
  // For checking what it has signed.
  Result<VerificationKey> key(store::Snapshot& snapshot, const RequestCredential& of) const;

 private:
  const KeySecret& secret_;
};

}  // namespace wenyuan::auth
