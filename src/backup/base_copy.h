// Makes a new generation: a whole copy of a store that is read and written meanwhile.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/checkpoint_key.h"
#include "backup/folder.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/sealed_files.h"
#include "store/database.h"

namespace wenyuan::backup {

struct OriginalName {
  std::string sha256;
  UnixMillis stored_at = 0;  // when these bytes came last
};

// Copies originals that the place does not have yet, each once. One thread at a time.
class OriginalCopier {
 public:
  // `files` must outlive it; null when there are no keys to open originals with.
  OriginalCopier(const std::filesystem::path& data, Folder folder, const SealedFiles* files)
      : blobs_(data / "blobs"), folder_(folder), files_(files) {}
  // Those of `names` that are new to this generation, or have other bytes than before: what was
  // erased and came again has another key. What has been erased in the meantime is left out; a file
  // that should be there and is not is logged. After an error all of them are new again.
  Result<std::vector<Original>> copy(const std::vector<OriginalName>& names);
  // The next generation names all of them again.
  void begin_generation();
  // Something was removed from the place.
  void look_again() { present_.reset(); }

 private:
  // A file that was not written since has the same three.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t changed = 0;  // nanoseconds
    std::int64_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Known {
    Stamp stamp;
    std::string sha256;        // of the file
    std::string named;         // the hash that this generation names; empty: none yet
    UnixMillis stored_at = 0;  // when it was looked at
  };
  static Result<Stamp> stamp_of(const std::filesystem::path& file);
  Result<std::optional<Original>> copy_one(const OriginalName& name);
  Status look_at(const std::string& name, Known& known) const;
  Result<Original> bring(const std::string& name, const Known& known);
  Result<std::optional<Original>> better_copy(const std::string& name) const;
  Status list_present();

  std::filesystem::path blobs_;
  Folder folder_;
  const SealedFiles* files_;
  std::unordered_map<std::string, Known> known_;                // by name in the store
  std::optional<std::map<std::string, std::int64_t>> present_;  // sizes, by name in the place
};

Result<std::vector<OriginalName>> original_names(store::Snapshot& snapshot);

struct BaseParts {
  store::Database* database;
  std::filesystem::path data;  // the data directory
  const audit::SigningKey* key;
  OriginalCopier* copier;
  // Called when the copy is made: a time that nothing in it is later than.
  std::function<UnixMillis()> settled;
};

struct Base {
  Manifest manifest;
  std::string manifest_sha256;
};
// All is durable when it returns; when it fails, what it has left has no manifest.
Result<Base> make_base(const BaseParts& parts, const Folder& folder, UnixMillis now);

}  // namespace wenyuan::backup
