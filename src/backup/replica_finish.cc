// The end of a replica: is what was restored a whole store?
#include <system_error>

#include "audit/checkpoint.h"
#include "audit/tree.h"
#include "audit/verify.h"
#include "backup/replica.h"
#include "base/text.h"
#include "store/blob_store.h"
#include "store/consistency.h"
#include "store/database.h"
#include "store/key_ring.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kKeySizeMax = 16 * 1024;

// The file of checkpoints is no part of a backup: it begins anew with the signed ones that the log
// itself holds.
Status begin_checkpoint_file(store::Database& database, const fs::path& data) {
  constexpr int kPage = 1000;
  const fs::path file = audit::checkpoint_file_in(data);
  std::error_code ignored;
  if (fs::exists(file, ignored)) return Done{};
  std::string notes;
  WY_RETURN_IF_ERROR(database.read([&](store::Snapshot& snapshot) -> Status {
    for (std::int64_t below = 0;;) {
      WY_TRY(const auto page, audit::stored_checkpoints(snapshot, below, kPage));
      for (const auto& each : page) notes.insert(0, each.note + "\n");
      if (page.size() < kPage) return Done{};
      below = page.back().checkpoint.size;
    }
  }));
  return notes.empty() ? Status(Done{}) : write_file_durably(file, notes, 0644);
}

Status check_audit(store::Database& database, const fs::path& data, const Manifest& manifest,
                   Replica::Finished& finished) {
  WY_RETURN_IF_ERROR(begin_checkpoint_file(database, data));
  const auto verified =
      audit::verify_directory(database, {.directory = data, .public_key = {}, .kept_notes = {}});
  if (!verified && verified.error().code != ErrorCode::corrupt) return verified.error();
  if (!verified) {
    finished.problems.push_back("audit log: " + verified.error().message);
    return Done{};
  }
  finished.audit_records = verified->record_count;
  finished.audit_root = verified->root;
  const auto root = database.read(
      [&](store::Snapshot& snapshot) { return audit::root_at(snapshot, manifest.audit_size); });
  if (!root || to_base64(*root) != manifest.audit_root) {
    finished.problems.push_back("the audit log is not the one that the manifest names");
  }
  return Done{};
}

// Any copy that the place has now, whatever was backed up: good when it holds the bytes.
Result<bool> take_original(const store::BlobStore& blobs, const Folder& folder,
                           const fs::path& root, const std::string& name) {
  const fs::path to = blobs.path(name);
  WY_TRY(const auto copies, folder.copies_of(name));
  if (copies.empty()) return false;
  WY_RETURN_IF_ERROR(
      DurableFolders().make(fs::absolute(root), to.parent_path().lexically_relative(root)));
  for (const Original& each : copies) {
    const auto copied = folder.place().get_file(original_name(each), to);
    if (!copied && copied.error().code == ErrorCode::unavailable) return copied.error();
    if (copied && blobs.check(name)) return true;
    std::error_code ignored;
    fs::remove(to, ignored);
  }
  return false;
}

// That each opens with the keys that there are: its bytes are those that were signed, or were read
// to the end here. Files that nothing names any more go when a server starts.
Status check_originals(const store::Database& database, const fs::path& data, const Folder& folder,
                       const std::vector<std::string>& names, Replica::Finished& finished) {
  const fs::path root = data / "blobs";
  WY_TRY(const store::BlobStore blobs, store::BlobStore::open(root, database.keys().files()));
  for (const std::string& name : names) {
    bool good = is_sha256(name) && blobs.reader(name).has_value();
    if (is_sha256(name) && !good) {
      WY_TRY(good, take_original(blobs, folder, root, name));
    }
    if (!good) finished.missing.push_back(name);
  }
  finished.originals = static_cast<std::int64_t>(names.size() - finished.missing.size());
  return Done{};
}

}  // namespace

Result<Replica::Finished> Replica::finish(bool without_missing,
                                          const std::function<Status(store::Database&)>& last) {
  if (progress_.generation.empty()) {
    return Error{ErrorCode::conflict, "there is nothing yet: the base was not copied"};
  }
  const fs::path& data = options_.data;
  // The check opens the store, which writes: no segment fits behind it any more.
  progress_ = {};
  WY_RETURN_IF_ERROR(keep_progress());
  WY_TRY(const std::string key, options_.public_key.empty()
                                    ? folder_.public_key()
                                    : read_file(options_.public_key, kKeySizeMax));
  WY_RETURN_IF_ERROR(write_file_durably(data / "audit.pub", key, 0644));
  if (!manifest_.index_model.empty()) {
    WY_RETURN_IF_ERROR(write_file_durably(data / "index.model", manifest_.index_model));
  }
  lock_.reset();
  WY_TRY(Finished finished, check_store(without_missing, last));
  if (!finished.problems.empty()) return finished;
  std::error_code failed;
  fs::remove(data / "replica", failed);
  if (failed) return Error{ErrorCode::unavailable, "remove the marker: " + failed.message()};
  return finished;
}

Result<Replica::Finished> Replica::check_store(
    bool without_missing, const std::function<Status(store::Database&)>& last) const {
  const fs::path& data = options_.data;
  Finished finished;
  auto opened = store::Database::open({.directory = data,
                                       .keys = options_.keys,
                                       .master_key = options_.master_key,
                                       .previous_master_key = {}});
  if (!opened && opened.error().code == ErrorCode::corrupt) {
    finished.problems.push_back(opened.error().message);
    return finished;
  }
  if (!opened) return opened.error();
  store::Database& database = **opened;
  if (database.store_id() != manifest_.store_id) {
    finished.problems.push_back("this is another store than the one that the manifest names");
  }
  WY_TRY(const store::Consistency checked, database.read([](store::Snapshot& snapshot) {
    return store::check_consistency(snapshot);
  }));
  finished.documents = checked.documents;
  finished.chunks = checked.chunks;
  finished.problems.insert(finished.problems.end(), checked.problems.begin(),
                           checked.problems.end());
  WY_RETURN_IF_ERROR(check_audit(database, data, manifest_, finished));
  WY_RETURN_IF_ERROR(check_originals(database, data, folder_, checked.blob_names, finished));
  finished.unreadable = checked.unreadable;
  if (!finished.unreadable.empty() && !without_missing) {
    finished.problems.push_back(std::to_string(finished.unreadable.size()) +
                                " documents are newer than erasure.secrets and cannot be read: a "
                                "newer copy of it, or --key-copy, brings them");
  }
  if (!finished.missing.empty() && !without_missing) {
    finished.problems.push_back(std::to_string(finished.missing.size()) +
                                " originals are not in the backup, or do not open");
  }
  if (finished.problems.empty() && last) WY_RETURN_IF_ERROR(last(database));
  return finished;
}

}  // namespace wenyuan::backup
