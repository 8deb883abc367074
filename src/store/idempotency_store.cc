#include "store/idempotency_store.h"

#include <set>
#include <string_view>

#include "store/document_keys.h"
#include "store/key_ring.h"

namespace wenyuan::store {
namespace {

constexpr std::string_view kDocumentPrefix = "doc_";
constexpr std::size_t kDocumentIdSize = kDocumentPrefix.size() + 26;

// Every answer has an erasure secret of its own: it quotes documents.
Result<CipherKey> key_of_answer(Snapshot& snapshot, SecretNumber number) {
  WY_TRY(const ErasureSecrets* const secrets, snapshot.keys().secrets());
  WY_TRY(const CipherKey secret, secrets->secret(number));
  WY_TRY(const CipherKey purpose, snapshot.keys().purpose_key("remembered answers"));
  std::string both(view(purpose));
  both += view(secret);
  const CipherKey key = derive_key(both, "wenyuan remembered answer 1");
  wipe(both);
  return key;
}

std::string bound_of(const std::string& user_id, const std::string& key) {
  return user_id + " " + key;
}

// The ids that stand in it, each between spaces.
std::string documents_in(std::string_view body) {
  std::set<std::string_view> ids;
  for (std::size_t at = body.find(kDocumentPrefix); at != std::string_view::npos;
       at = body.find(kDocumentPrefix, at + 1)) {
    ids.insert(body.substr(at, kDocumentIdSize));
  }
  std::string list = " ";
  for (const std::string_view id : ids) list += std::string(id) + " ";
  return list;
}

Status destroy_secrets(Transaction& tx, Statement& deleted, std::int64_t& count) {
  for (;;) {
    WY_TRY(const bool found, deleted.step());
    if (!found) return Done{};
    ++count;
    WY_RETURN_IF_ERROR(tx.destroy_secret(deleted.integer(0)));
  }
}

Status drop_expired(Transaction& tx, UnixMillis now) {
  WY_TRY(auto expired, tx.prepare("DELETE FROM idempotency_keys WHERE expires_at <= ? "
                                  "RETURNING key_secret"));
  expired.bind(1, now);
  std::int64_t ignored = 0;
  return destroy_secrets(tx, expired, ignored);
}

}  // namespace

Result<std::optional<Remembered>> find(Snapshot& snapshot, const std::string& user_id,
                                       const std::string& key, UnixMillis now) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT request_hash, status, body, key_secret FROM idempotency_keys "
                          "WHERE user_id = ? AND key = ? AND expires_at > ?"));
  WY_TRY(const bool found, statement.bind(1, user_id).bind(2, key).bind(3, now).step());
  if (!found) return std::optional<Remembered>();
  WY_TRY(const CipherKey sealing, key_of_answer(snapshot, statement.integer(3)));
  auto body = unseal(sealing, as_text(statement.blob(2)), bound_of(user_id, key));
  if (!body) return Error{ErrorCode::corrupt, "a remembered answer does not open"};
  return std::optional(Remembered{.request_hash = statement.text(0),
                                  .status = static_cast<int>(statement.integer(1)),
                                  .body = *std::move(body)});
}

Status remember(Transaction& tx, const std::string& user_id, const std::string& key,
                const Remembered& answer, UnixMillis now) {
  if (key.empty() || key.size() > kIdempotencyKeySizeMax) {
    return Error{ErrorCode::invalid_argument, "an Idempotency-Key has 1 to 255 characters"};
  }
  WY_RETURN_IF_ERROR(drop_expired(tx, now));
  WY_TRY(ErasureSecrets* const secrets, tx.keys().secrets());
  WY_TRY(const SecretNumber number, secrets->take());
  WY_TRY(const CipherKey sealing, key_of_answer(tx, number));
  const std::string body = seal(sealing, answer.body, bound_of(user_id, key));
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO idempotency_keys (user_id, key, request_hash, status, documents, "
                    "body, key_secret, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  Status added = statement.bind(1, user_id)
                     .bind(2, key)
                     .bind(3, answer.request_hash)
                     .bind(4, answer.status)
                     .bind(5, documents_in(answer.body))
                     .bind_blob(6, as_bytes(body))
                     .bind(7, number)
                     .bind(8, now + kIdempotencyTime)
                     .run();
  if (!added && added.error().code == ErrorCode::conflict) {
    return Error{ErrorCode::conflict, "this Idempotency-Key has been used"};
  }
  return added;
}

Result<std::int64_t> forget_answers(Transaction& tx, const std::string& document_id) {
  WY_TRY(auto statement, tx.prepare("DELETE FROM idempotency_keys WHERE instr(documents, ?) > 0 "
                                    "RETURNING key_secret"));
  statement.bind(1, " " + document_id + " ");
  std::int64_t count = 0;
  WY_RETURN_IF_ERROR(destroy_secrets(tx, statement, count));
  return count;
}

}  // namespace wenyuan::store
