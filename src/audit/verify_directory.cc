#include <algorithm>

#include "audit/canonical.h"
#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/checkpoint_file.h"
#include "audit/log.h"
#include "audit/old_checkpoints.h"
#include "audit/tree.h"
#include "audit/verify.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr int kPageSize = 1000;

Error corrupt(std::string what) { return Error{ErrorCode::corrupt, std::move(what)}; }

// Rising in size.
Result<std::vector<Checkpoint>> checkpoints_in_store(store::Snapshot& snapshot,
                                                     const VerifyingKey& key) {
  std::vector<std::string> notes;
  for (std::int64_t below = 0;;) {
    WY_TRY(const auto page, stored_checkpoints(snapshot, below, kPageSize));
    for (const StoredCheckpoint& each : page) notes.push_back(each.note);
    if (page.size() < kPageSize) break;
    below = page.back().checkpoint.size;
  }
  std::reverse(notes.begin(), notes.end());
  return open_checkpoints(notes, key);
}

// Which of two places with the same history has lost something.
Status check_not_behind(const std::vector<Checkpoint>& in_file,
                        const std::vector<Checkpoint>& in_store) {
  const std::int64_t file_size = in_file.empty() ? 0 : in_file.back().size;
  for (const Checkpoint& each : in_store) {
    const auto same =
        std::lower_bound(in_file.begin(), in_file.end(), each.size,
                         [](const Checkpoint& one, std::int64_t size) { return one.size < size; });
    if (same != in_file.end() && same->size == each.size) continue;
    return corrupt("the file of checkpoints " +
                   std::string(each.size > file_size ? "was rolled back" : "has a gap") +
                   ": the checkpoint of " + rfc3339(each.time) + " over " +
                   std::to_string(each.size) + " records is not in it");
  }
  return Done{};
}

Status check_origins(const std::vector<Checkpoint>& checkpoints, const std::string& origin) {
  for (const Checkpoint& each : checkpoints) {
    if (each.origin == origin) continue;
    return corrupt("the checkpoint of " + rfc3339(each.time) +
                   " is of another log: " + each.origin + ", not " + origin);
  }
  return Done{};
}

// The heads that the first release signed are of its chain.
Status check_old(store::Snapshot& snapshot, const std::vector<OldCheckpoint>& checkpoints) {
  for (const OldCheckpoint& each : checkpoints) {
    const std::string count = std::to_string(each.record_count);
    const std::string when = "the old checkpoint of " + rfc3339(each.time);
    const auto found = record(snapshot, each.record_count);
    if (!found && found.error().code == ErrorCode::not_found) {
      WY_TRY(const std::int64_t size, tree_size(snapshot));
      if (size >= each.record_count) continue;  // its time was over
      return corrupt("the audit log is cut off: " + when + " saw " + count + " records");
    }
    if (!found) return found.error();
    if (found->chain_hash != each.head) {
      return corrupt("audit record " + count + " is not the one that " + when +
                     " saw: records were replaced");
    }
  }
  return Done{};
}

// By size, one of each; two of one size with other roots are a log that was written twice.
Result<std::vector<Checkpoint>> merged(std::vector<Checkpoint> all) {
  std::stable_sort(all.begin(), all.end(), [](const Checkpoint& one, const Checkpoint& other) {
    return one.size < other.size;
  });
  std::vector<Checkpoint> merged;
  for (Checkpoint& each : all) {
    if (merged.empty() || merged.back().size != each.size) {
      merged.push_back(std::move(each));
    } else if (merged.back().root != each.root) {
      return corrupt("two checkpoints over " + std::to_string(each.size) +
                     " records have different roots: the log was written twice");
    }
  }
  return merged;
}

}  // namespace

Result<Verification> verify_directory(store::Database& database, const VerifyOptions& options) {
  WY_TRY(const VerifyingKey key,
         VerifyingKey::open(options.public_key.empty() ? options.directory / "audit.pub"
                                                       : options.public_key));
  WY_TRY(const auto old, read_old_checkpoints(options.directory / "audit-checkpoints.txt", key));
  std::vector<Checkpoint> all;
  if (!options.kept_notes.empty()) {
    WY_TRY(all, read_checkpoints(options.kept_notes, key));
  }
  // A server may be running: what is in the file before the snapshot is in the snapshot's log, and
  // what is in the snapshot is in the file after it.
  const auto file = checkpoint_file_in(options.directory);
  WY_TRY(const auto in_file_before, read_checkpoints(file, key));
  all.insert(all.end(), in_file_before.begin(), in_file_before.end());
  return database.read([&](store::Snapshot& snapshot) -> Result<Verification> {
    WY_TRY(const auto in_store, checkpoints_in_store(snapshot, key));
    WY_TRY(const auto in_file_after, read_checkpoints(file, key));
    WY_RETURN_IF_ERROR(check_not_behind(in_file_after, in_store));
    all.insert(all.end(), in_store.begin(), in_store.end());
    WY_RETURN_IF_ERROR(check_origins(all, origin_of(database.store_id())));
    WY_TRY(const auto checkpoints, merged(std::move(all)));
    WY_TRY(Verification made, verify(snapshot, checkpoints));
    WY_RETURN_IF_ERROR(check_old(snapshot, old));
    made.checkpoint_count = static_cast<std::int64_t>(checkpoints.size() + old.size());
    if (!checkpoints.empty()) made.last = checkpoints.back();
    return made;
  });
}

}  // namespace wenyuan::audit
