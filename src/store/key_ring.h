// All keys of a store: from the master key down to those of collections.
//
//   master key ── wraps ─┬─ the store's key ── derives ── one key for each purpose
//                        └─ collection keys ── wrap, with an erasure secret ── document keys
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sealed_files.h"
#include "store/cipher.h"
#include "store/erasure_secrets.h"
#include "store/master_key.h"

namespace wenyuan::store {

class Connection;

// Thread-safe.
class KeyRing {
 public:
  struct Options {
    std::filesystem::path directory;  // of keys; never part of a backup of the data
    // See parse_master_key_source(). Empty: the file master.key in `directory`, which is made when
    // the store is.
    std::string master_key;
    // For the first start with another master key: what it was before. Empty: it is the same.
    std::string previous_master_key;
    // Where the erasure secrets are kept a second time (ErasureSecrets::keep_copy()); empty:
    // nowhere.
    std::filesystem::path copy;
    bool read_only = false;
  };

  // Makes the keys of a new store. conflict when the master key is another one than the store's;
  // not_found when it is missing. When the store is open for reading only, that does not matter
  // until a key is asked for.
  static Result<std::unique_ptr<KeyRing>> open(Connection& connection, const std::string& store_id,
                                               const Options& options);
  ~KeyRing();

  // The same as long as the store lives, and another one for each purpose.
  Result<CipherKey> purpose_key(std::string_view purpose) const;
  struct Wrapped {
    std::string master;  // MasterKey::id()
    std::string bytes;
  };
  // `id` is a collection's.
  Wrapped wrap(const CipherKey& key, const std::string& id) const;
  Result<CipherKey> unwrap(const Wrapped& wrapped, const std::string& id) const;

  // unavailable when this store is open for reading only and has no keys.
  Result<ErasureSecrets*> secrets() const;
  // The store's own files: originals and index generations.
  const SealedFiles& files() const { return *files_; }

  // The file that was made by open(), for a warning; empty when it was there, or is no file.
  const std::filesystem::path& made_file() const { return made_file_; }
  const MasterKeySource& source() const { return source_; }

  // Rotation: from add() on keys are unwrapped under either key and wrapped under the new one;
  // from drop_others() on the old one is forgotten.
  void add(const MasterKey& key);
  void drop_others();
  std::string current() const;  // MasterKey::id()
  // Held by whoever rotates: of two new keys in one place the first would be lost.
  std::unique_lock<std::mutex> try_begin_rotation() {
    return std::unique_lock(rotation_mutex_, std::try_to_lock);
  }

 private:
  KeyRing() = default;
  Status open_keys(Connection& connection, const std::string& store_id, const Options& options);
  Status make_keys(Connection& connection, const std::string& store_id, const Options& options);
  Status open_secrets(const std::string& store_id, const Options& options);
  Status take_masters(Connection& connection, const Wrapped& wanted, const Options& options);
  Status take_former(const std::vector<std::string>& used);

  MasterKeySource source_;
  std::filesystem::path made_file_;
  CipherKey store_key_{};
  std::unique_ptr<ErasureSecrets> secrets_;
  std::unique_ptr<SealedFiles> files_;
  std::optional<Error> missing_;  // why there are no keys; only for reading
  std::mutex rotation_mutex_;
  mutable std::mutex mutex_;
  std::map<std::string, MasterKey> masters_;  // by id; guarded by mutex_
  std::string current_;                       // guarded by mutex_
};

// What a file's new key is called until all keys are wrapped under it.
std::filesystem::path next_key_file(const std::filesystem::path& file);
// What its key is called when another one took its place, "master.<id>.key" beside "master.key":
// databases that are older, which come out of backups, still need it.
std::filesystem::path former_key_file(const std::filesystem::path& file, const std::string& id);

}  // namespace wenyuan::store
