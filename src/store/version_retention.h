// How many superseded versions of its documents a collection keeps, and for how long.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/permit.h"
#include "store/database.h"

namespace wenyuan::store {

struct VersionRetention {
  std::optional<std::int64_t> kept{};  // superseded ones of each document; nothing: all
  // Milliseconds since a newer one came; nothing: for ever.
  std::optional<std::int64_t> kept_for{};
};

// Without a permit: a setting, no content. not_found when there is no such collection.
Result<VersionRetention> version_retention(Snapshot& snapshot, const std::string& collection_id);
// Takes a permit to manage; not_found when it does not cover the collection.
Status set_version_retention(Transaction& tx, const Permit& permit,
                             const std::string& collection_id, const VersionRetention& retention);

struct DroppedVersion {
  std::string document_id;
  std::string collection_id;
  std::int64_t version = 0;
  std::string sha256;  // of its original
  std::int64_t chunks = 0;
  bool blob_removed = false;  // false when another version or document has the same bytes
};
struct DroppedVersions {
  std::vector<DroppedVersion> versions;
  std::vector<std::string> unnamed_blobs;  // as in Erased
};
// Whether drop_old_versions() would find one.
Result<bool> has_old_versions(Snapshot& snapshot, UnixMillis now);
// Erases superseded versions that are past their collection's retention, the oldest of each
// document first, `count_max` at most: rows, chunks and texts, and the keys that they are sealed
// under. The version whose text is searched now, and newer ones, stay; so does all of a document
// of which something still waits to be read.
Result<DroppedVersions> drop_old_versions(Transaction& tx, UnixMillis now, std::size_t count_max);

// Erases one version whose key was destroyed before, or its whole document when it is the one
// of now.
Status drop_keyless_version(Transaction& tx, std::int64_t document_number, std::int64_t version);

}  // namespace wenyuan::store
