#include "store/key_rotation.h"

#include <filesystem>
#include <vector>

#include "base/file.h"
#include "store/document_keys.h"
#include "store/key_ring.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

struct Row {
  std::string id;
  KeyRing::Wrapped wrapped;
};

Result<std::vector<Row>> rows_of_others(Transaction& tx) {
  WY_TRY(auto statement,
         tx.prepare("SELECT id, master, wrapped FROM wrapped_keys WHERE master <> ?"));
  statement.bind(1, tx.keys().current());
  std::vector<Row> rows;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return rows;
    rows.push_back(
        {statement.text(0), {statement.text(1), std::string(as_text(statement.blob(2)))}});
  }
}

// The place of the next key may still hold the current one, when it could not be moved.
Result<MasterKey> next_file_key(const KeyRing& keys) {
  const MasterKeySource& source = keys.source();
  WY_TRY(const MasterKey kept, read_master_key(source));
  if (kept.id() == keys.current()) return make_master_key(next_key_file(source.where));
  return Error{ErrorCode::unavailable,
               source.where + " does not hold the current master key yet: try again"};
}

Result<MasterKey> next_key(const KeyRing& keys) {
  const MasterKeySource& source = keys.source();
  switch (source.kind) {
    case MasterKeySource::Kind::file: return next_file_key(keys);
    case MasterKeySource::Kind::environment:
      return Error{ErrorCode::forbidden,
                   "the master key is in a variable of the environment: start the server with the "
                   "new key there, and say where the previous one is"};
    case MasterKeySource::Kind::credential:
    case MasterKeySource::Kind::command: break;
  }
  WY_TRY(MasterKey key, read_master_key(source));
  if (key.id() != keys.current()) return key;
  return Error{ErrorCode::conflict, "the master key's source still gives the same key"};
}

// Under a name of its own: older databases need it. Done when no key is there.
Status keep_former(const fs::path& file) {
  const auto former = read_master_key({MasterKeySource::Kind::file, file.string()});
  if (!former) {
    const ErrorCode why = former.error().code;
    const bool none = why == ErrorCode::not_found || why == ErrorCode::corrupt;
    return none ? Status(Done{}) : Status(former.error());
  }
  std::string text = former->text();
  const Status kept = write_file_durably(former_key_file(file, former->id()), text, 0600);
  wipe(text);
  return kept;
}

Status keep_file(const KeyRing& keys) {
  const MasterKeySource& source = keys.source();
  if (source.kind != MasterKeySource::Kind::file) return Done{};
  std::error_code failed;
  const fs::path next = next_key_file(source.where);
  const auto key = read_master_key({source.kind, next.string()});
  if (!key || key->id() != keys.current()) return Done{};
  WY_RETURN_IF_ERROR(keep_former(source.where));
  fs::rename(next, source.where, failed);
  if (failed) {
    return Error{ErrorCode::unavailable, "rename the new master key: " + failed.message()};
  }
  return sync_directory(fs::path(source.where).parent_path());
}

Result<std::int64_t> rewrap_keys(Transaction& tx) {
  WY_TRY(const std::vector<Row> rows, rows_of_others(tx));
  WY_TRY(auto update,
         tx.prepare("UPDATE wrapped_keys SET master = ?2, wrapped = ?3 WHERE id = ?1"));
  for (const Row& row : rows) {
    WY_TRY(CipherKey key, tx.keys().unwrap(row.wrapped, row.id));
    const KeyRing::Wrapped wrapped = tx.keys().wrap(key, row.id);
    wipe(key);
    update.reset();
    WY_RETURN_IF_ERROR(
        update.bind(1, row.id).bind(2, wrapped.master).bind_blob(3, as_bytes(wrapped.bytes)).run());
  }
  return static_cast<std::int64_t>(rows.size());
}

}  // namespace

Result<std::int64_t> finish_rotation(Database& database) {
  KeyRing& keys = database.keys();
  WY_TRY(const bool pending, database.read([](Snapshot& snapshot) -> Result<bool> {
    WY_TRY(auto statement,
           snapshot.prepare("SELECT 1 FROM wrapped_keys WHERE master <> ? LIMIT 1"));
    return statement.bind(1, snapshot.keys().current()).step();
  }));
  std::int64_t count = 0;
  if (pending) {
    WY_TRY(count, database.write([](Transaction& tx) { return rewrap_keys(tx); }));
  }
  WY_RETURN_IF_ERROR(keep_file(keys));
  // Pages with the keys as they were wrapped before are overwritten, but in the log they still are.
  if (pending) static_cast<void>(database.checkpoint());
  return count;
}

Result<Rotation> rotate_master_key(Database& database) {
  KeyRing& keys = database.keys();
  const auto rotating = keys.try_begin_rotation();
  if (!rotating) return Error{ErrorCode::conflict, "the master key is being changed already"};
  WY_RETURN_IF_ERROR(finish_rotation(database));
  // Not earlier: who still reads what was there before the last rotation needed the key of then.
  keys.drop_others();
  Rotation rotation;
  rotation.before = keys.current();
  WY_TRY(const MasterKey next, next_key(keys));
  rotation.after = next.id();
  // From here on keys are wrapped under the new one, also those that others are making now.
  keys.add(next);
  WY_TRY(rotation.keys, finish_rotation(database));
  return rotation;
}

}  // namespace wenyuan::store
