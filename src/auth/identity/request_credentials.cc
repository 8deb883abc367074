#include "auth/identity/request_credentials.h"

#include <algorithm>

#include "auth/identity/secret_box.h"
#include "auth/principal.h"
#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::string_view kPurpose = "request credential";
constexpr std::size_t kSecretSize = 32;
constexpr int kPerUserMax = 100;

struct Named {
  SigningKind kind;
  std::string_view name;
  VerificationKey::Type type;
  JwsAlgorithm algorithm;
};
constexpr Named kKinds[] = {
    {SigningKind::ed25519, "ed25519", VerificationKey::Type::ed25519, JwsAlgorithm::eddsa},
    {SigningKind::ecdsa_p256_sha256, "ecdsa-p256-sha256", VerificationKey::Type::ec256,
     JwsAlgorithm::es256},
    {SigningKind::rsa_pss_sha512, "rsa-pss-sha512", VerificationKey::Type::rsa,
     JwsAlgorithm::ps512},
    {SigningKind::hmac_sha256, "hmac-sha256", VerificationKey::Type::symmetric,
     JwsAlgorithm::hs256},
};
const Named& named(SigningKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Error absent() { return {ErrorCode::not_found, "there is no such request key"}; }

// Columns: id, user_id, name, kind, scopes, expires_at, created_at.
Result<RequestCredential> read_credential(const store::Statement& statement) {
  RequestCredential credential;
  credential.id = statement.text(0);
  credential.user_id = statement.text(1);
  credential.name = statement.text(2);
  const auto kind = signing_kind(statement.text(3));
  if (!kind) return Error{ErrorCode::corrupt, "a request key is of an unknown kind"};
  credential.kind = *kind;
  credential.scopes = words(statement.text(4));
  if (!statement.is_null(5)) credential.expires_at = statement.integer(5);
  credential.created_at = statement.integer(6);
  return credential;
}

Status check(store::Transaction& tx, RequestCredential& wanted, UnixMillis now) {
  WY_RETURN_IF_ERROR(check_name("name", wanted.name));
  const bool known = std::ranges::all_of(wanted.scopes, [](const std::string& scope) {
    return std::ranges::find(kScopes, scope) != std::end(kScopes);
  });
  if (!known || wanted.scopes.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "scopes: expected some of *, admin, ask, "
                 "documents:read, documents:write, search"};
  }
  std::ranges::sort(wanted.scopes);
  wanted.scopes.erase(std::unique(wanted.scopes.begin(), wanted.scopes.end()), wanted.scopes.end());
  if (wanted.expires_at && *wanted.expires_at <= now) {
    return Error{ErrorCode::invalid_argument, "expires_in: expected a time in the future"};
  }
  WY_TRY(const auto owner, user_row(tx, wanted.user_id));
  if (!owner) return Error{ErrorCode::not_found, "there is no such user"};
  WY_TRY(auto count, tx.prepare("SELECT count(*) FROM request_credentials WHERE user_id = ?"));
  WY_RETURN_IF_ERROR(count.bind(1, wanted.user_id).step());
  if (count.integer(0) < kPerUserMax) return Done{};
  return Error{ErrorCode::conflict, "this user has 100 request keys; remove some first"};
}

}  // namespace

std::string_view name(SigningKind kind) { return named(kind).name; }

std::optional<SigningKind> signing_kind(std::string_view name) {
  for (const Named& one : kKinds) {
    if (one.name == name) return one.kind;
  }
  return std::nullopt;
}

JwsAlgorithm algorithm_of(SigningKind kind) { return named(kind).algorithm; }

Result<NewRequestCredential> RequestCredentials::add(store::Transaction& tx,
                                                     RequestCredential wanted,
                                                     std::string_view public_key,
                                                     UnixMillis now) const {
  WY_RETURN_IF_ERROR(check(tx, wanted, now));
  NewRequestCredential made;
  wanted.id = new_id("crd");
  wanted.created_at = now;
  std::vector<std::uint8_t> material;
  if (wanted.kind == SigningKind::hmac_sha256) {
    if (!public_key.empty()) {
      return Error{ErrorCode::invalid_argument, "public_key: hmac-sha256 has none"};
    }
    std::vector<std::uint8_t> secret(kSecretSize);
    random_bytes(secret);
    WY_TRY(material, seal_secret(secret_, kPurpose, wanted.id,
                                 std::string_view(reinterpret_cast<const char*>(secret.data()),
                                                  secret.size())));
    made.secret = to_base64(secret);
  } else {
    const auto key = VerificationKey::from_public_key(public_key);
    if (!key || key->type() != named(wanted.kind).type) {
      return Error{ErrorCode::invalid_argument,
                   "public_key: expected a PEM of a key for " + std::string(name(wanted.kind))};
    }
    const std::string der = key->public_der();
    material.assign(der.begin(), der.end());
  }
  WY_TRY(auto insert, tx.prepare("INSERT INTO request_credentials (id, user_id, name, kind, "
                                 "material, scopes, expires_at, created_at) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, wanted.id).bind(2, wanted.user_id).bind(3, wanted.name);
  insert.bind(4, name(wanted.kind)).bind_blob(5, material).bind(6, joined(wanted.scopes));
  if (wanted.expires_at) {
    insert.bind(7, *wanted.expires_at);
  } else {
    insert.bind_null(7);
  }
  WY_RETURN_IF_ERROR(insert.bind(8, now).run());
  made.info = std::move(wanted);
  return made;
}

Status RequestCredentials::remove(store::Transaction& tx, const std::string& id) const {
  WY_TRY(auto remove, tx.prepare("DELETE FROM request_credentials WHERE id = ? RETURNING id"));
  WY_TRY(const bool found, remove.bind(1, id).step());
  if (!found) return absent();
  return tx.raise_epoch();
}

Result<RequestCredential> RequestCredentials::credential(store::Snapshot& snapshot,
                                                         const std::string& id) const {
  WY_TRY(auto statement, snapshot.prepare("SELECT id, user_id, name, kind, scopes, expires_at, "
                                          "created_at FROM request_credentials WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return absent();
  return read_credential(statement);
}

Result<std::vector<RequestCredential>> RequestCredentials::credentials(
    store::Snapshot& snapshot, const std::string& user_id) const {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, user_id, name, kind, scopes, expires_at, created_at FROM "
                          "request_credentials WHERE user_id = ? ORDER BY created_at, id"));
  statement.bind(1, user_id);
  std::vector<RequestCredential> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    WY_TRY(RequestCredential one, read_credential(statement));
    found.push_back(std::move(one));
  }
}

Result<VerificationKey> RequestCredentials::key(store::Snapshot& snapshot,
                                                const RequestCredential& of) const {
  WY_TRY(auto statement, snapshot.prepare("SELECT material FROM request_credentials WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, of.id).step());
  if (!found) return absent();
  const auto blob = statement.blob(0);
  if (of.kind == SigningKind::hmac_sha256) {
    WY_TRY(std::string secret, open_secret(secret_, kPurpose, of.id, blob));
    return VerificationKey::from_secret(std::move(secret));
  }
  return VerificationKey::from_public_key(
      std::string_view(reinterpret_cast<const char*>(blob.data()), blob.size()));
}

}  // namespace wenyuan::auth
