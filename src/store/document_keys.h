// The data key of each document, and what is sealed under it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/cipher.h"
#include "store/database.h"
#include "store/erasure_secrets.h"

namespace wenyuan::store {

// Which of a document's texts it is; sealed bytes open as no other.
struct Field {
  std::string_view name;
  std::int64_t version = 0;  // of the document; 0 for what is not of one version
  std::int64_t part = 0;     // the chunk's ordinal, the text's piece
};

constexpr Field kTitleField{"title"};
constexpr Field kFileNameField{"file name"};

// Wiped when it goes.
class DocumentKey {
 public:
  DocumentKey(std::string document_id, const CipherKey& key)
      : document_id_(std::move(document_id)), key_(key) {}
  DocumentKey(const DocumentKey&) = default;
  DocumentKey& operator=(const DocumentKey&) = default;
  ~DocumentKey() { wipe(key_); }

  // Nothing stays nothing.
  std::string seal(const Field& field, std::string_view plain) const;
  // corrupt when it was changed, or is another field's.
  Result<std::string> open(const Field& field, std::span<const std::uint8_t> sealed) const;

  // The key of one version, which goes when either this or the secret is destroyed.
  DocumentKey with(const CipherKey& version_secret) const;

 private:
  std::string document_id_;
  CipherKey key_;
};

// As it lies in the document's row: wrapped under a key that is made from the collection's and from
// an erasure secret.
struct StoredKey {
  SecretNumber secret = 0;
  std::string wrapped{};
};

// Whose it is.
struct KeyOwner {
  std::string document_id{};
  std::string collection_id{};
};

// For a new document; makes the collection's key when it has none.
Result<StoredKey> make_document_key(Transaction& tx, const KeyOwner& owner);

// For a new version.
Result<SecretNumber> make_version_secret(Transaction& tx);

// Opens keys while rows are read, and remembers the last. Lives no longer than its snapshot.
class DocumentKeys {
 public:
  explicit DocumentKeys(Snapshot& snapshot) : snapshot_(snapshot) {}

  // Valid until the next call. not_found, as for a document that is not there, when the key was
  // destroyed; corrupt when it is lost or damaged; conflict when it is wrapped under another master
  // key.
  Result<const DocumentKey*> open(const KeyOwner& owner, const StoredKey& stored);
  // The key that the texts of one version are sealed under, which may have a secret of its own (0:
  // none). What open() above gave last stays valid when it is the same document's.
  Result<const DocumentKey*> open(const KeyOwner& owner, const StoredKey& stored,
                                  SecretNumber version_secret);

 private:
  Status open_collection(const std::string& id);
  Result<CipherKey> secret(SecretNumber number) const;

  Snapshot& snapshot_;
  std::string collection_id_;
  CipherKey collection_key_{};
  KeyOwner owner_;
  StoredKey stored_;
  std::optional<DocumentKey> key_;
  SecretNumber version_secret_ = 0;
  std::optional<DocumentKey> version_key_;
};

// Of an error of reading a row: its document was erased after this view was taken, and its key is
// gone already. The row counts as gone too.
inline bool is_erased(const Error& error) { return error.code == ErrorCode::not_found; }

// Their secrets are overwritten before the unit's writer hears that it is on disk.
Status destroy_document_key(Transaction& tx, const StoredKey& stored);
// Nothing for 0.
Status destroy_version_secret(Transaction& tx, SecretNumber secret);

std::string_view as_text(std::span<const std::uint8_t> bytes);
std::span<const std::uint8_t> as_bytes(std::string_view text);

}  // namespace wenyuan::store
