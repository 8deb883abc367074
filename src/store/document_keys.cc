#include "store/document_keys.h"

#include <utility>

#include "base/bytes.h"
#include "base/id.h"
#include "store/content_access.h"
#include "store/key_ring.h"

namespace wenyuan::store {
namespace {

constexpr std::string_view kFieldBound = "wenyuan field 1";
constexpr std::string_view kWrapInfo = "wenyuan document key 1 ";
constexpr std::string_view kVersionInfo = "wenyuan version key 1 ";

std::string bound_of(const std::string& document_id, const Field& field) {
  ByteWriter writer;
  writer.put(kFieldBound);
  writer.put(std::string_view(document_id));
  writer.put(field.name);
  writer.put(field.version);
  writer.put(field.part);
  return writer.take();
}

CipherKey wrapping_key(const CipherKey& collection, const CipherKey& secret,
                       const KeyOwner& owner) {
  std::string both(view(collection));
  both += view(secret);
  const CipherKey key = derive_key(both, std::string(kWrapInfo) + owner.document_id);
  wipe(both);
  return key;
}

std::string wrap_bound(const KeyOwner& owner) {
  return owner.collection_id + " " + owner.document_id;
}

Result<std::optional<KeyRing::Wrapped>> wrapped_collection_key(Snapshot& snapshot,
                                                               const std::string& id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT master, wrapped FROM wrapped_keys WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return std::optional<KeyRing::Wrapped>();
  return std::optional(
      KeyRing::Wrapped{statement.text(0), std::string(as_text(statement.blob(1)))});
}

Result<std::optional<CipherKey>> find_collection_key(Snapshot& snapshot, const std::string& id) {
  const auto wrapped = wrapped_collection_key(snapshot, id);
  // A database that cannot be read says nothing of what would open.
  if (!wrapped) return Error{ErrorCode::unavailable, wrapped.error().message};
  if (!*wrapped) return std::optional<CipherKey>();
  WY_TRY(const CipherKey key, snapshot.keys().unwrap(**wrapped, id));
  return std::optional(key);
}

Result<CipherKey> collection_key(Transaction& tx, const std::string& id) {
  WY_TRY(const auto found, find_collection_key(tx, id));
  if (found) return *found;
  CipherKey key{};
  random_bytes(key);
  const KeyRing::Wrapped wrapped = tx.keys().wrap(key, id);
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO wrapped_keys (id, master, wrapped) VALUES (?, ?, ?)"));
  WY_RETURN_IF_ERROR(
      statement.bind(1, id).bind(2, wrapped.master).bind_blob(3, as_bytes(wrapped.bytes)).run());
  return key;
}

}  // namespace

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string DocumentKey::seal(const Field& field, std::string_view plain) const {
  if (plain.empty()) return {};
  return store::seal(key_, plain, bound_of(document_id_, field));
}

Result<std::string> DocumentKey::open(const Field& field,
                                      std::span<const std::uint8_t> sealed) const {
  if (sealed.empty()) return std::string();
  auto plain = unseal(key_, as_text(sealed), bound_of(document_id_, field));
  if (plain) return *std::move(plain);
  return Error{ErrorCode::corrupt,
               "the " + std::string(field.name) + " of " + document_id_ + " does not open"};
}

DocumentKey DocumentKey::with(const CipherKey& version_secret) const {
  std::string both(view(key_));
  both += view(version_secret);
  CipherKey key = derive_key(both, std::string(kVersionInfo) + document_id_);
  wipe(both);
  DocumentKey made(document_id_, key);
  wipe(key);
  return made;
}

Result<StoredKey> make_document_key(Transaction& tx, const KeyOwner& owner) {
  WY_TRY(ErasureSecrets* const secrets, tx.keys().secrets());
  StoredKey stored;
  WY_TRY(stored.secret, secrets->take());
  WY_TRY(const CipherKey secret, secrets->secret(stored.secret));
  WY_TRY(const CipherKey collection, collection_key(tx, owner.collection_id));
  CipherKey key{};
  random_bytes(key);
  stored.wrapped = seal(wrapping_key(collection, secret, owner), view(key), wrap_bound(owner));
  wipe(key);
  return stored;
}

Result<SecretNumber> make_version_secret(Transaction& tx) {
  WY_TRY(ErasureSecrets* const secrets, tx.keys().secrets());
  return secrets->take();
}

Status DocumentKeys::open_collection(const std::string& id) {
  if (id == collection_id_) return Done{};
  WY_TRY(const auto found, find_collection_key(snapshot_, id));
  if (!found) return Error{ErrorCode::corrupt, "collection " + id + " has no key"};
  collection_key_ = *found;
  collection_id_ = id;
  return Done{};
}

Result<CipherKey> DocumentKeys::secret(SecretNumber number) const {
  WY_TRY(const ErasureSecrets* const secrets, snapshot_.keys().secrets());
  auto found = secrets->secret(number);
  // Erased since this view of the store began: as absent as for those that begin now.
  if (!found && is_erased(found.error())) return no_such_document();
  return found;
}

Result<const DocumentKey*> DocumentKeys::open(const KeyOwner& owner, const StoredKey& stored) {
  if (key_ && owner.document_id == owner_.document_id && stored.wrapped == stored_.wrapped) {
    return &*key_;
  }
  WY_RETURN_IF_ERROR(open_collection(owner.collection_id));
  WY_TRY(const CipherKey own, secret(stored.secret));
  const auto key =
      unseal_key(wrapping_key(collection_key_, own, owner), stored.wrapped, wrap_bound(owner));
  if (!key) return Error{ErrorCode::corrupt, "the key of " + owner.document_id + " does not open"};
  owner_ = owner;
  stored_ = stored;
  key_.emplace(owner.document_id, *key);
  return &*key_;
}

Result<const DocumentKey*> DocumentKeys::open(const KeyOwner& owner, const StoredKey& stored,
                                              SecretNumber version_secret) {
  WY_TRY(const DocumentKey* const whole, open(owner, stored));
  if (version_secret == 0) return whole;
  if (version_key_ && version_secret == version_secret_) return &*version_key_;
  WY_TRY(const CipherKey own, secret(version_secret));
  version_key_.emplace(whole->with(own));
  version_secret_ = version_secret;
  return &*version_key_;
}

Status destroy_document_key(Transaction& tx, const StoredKey& stored) {
  return tx.destroy_secret(stored.secret);
}

Status destroy_version_secret(Transaction& tx, SecretNumber secret) {
  return secret == 0 ? Status(Done{}) : tx.destroy_secret(secret);
}

}  // namespace wenyuan::store
