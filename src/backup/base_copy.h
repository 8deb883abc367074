// Makes a new generation: a whole copy of a store that is read and written meanwhile.
#pragma once

#include <filesystem>
#include <functional>
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

// Copies originals that the folder does not have yet, or not under the key of now: what was erased
// and then stored again. One thread at a time.
class OriginalCopier {
 public:
  // `files` must outlive it.
  OriginalCopier(const std::filesystem::path& data, Folder folder, const SealedFiles& files)
      : blobs_(data / "blobs"), folder_(std::move(folder)), files_(files) {}
  // Those of `names` that are new to this generation. What has been erased in the meantime is left
  // out; a file that should be there and is not is logged.
  Result<std::vector<Original>> copy(const std::vector<OriginalName>& names);
  // The next generation names all of them again.
  void forget() { known_.clear(); }

 private:
  // Whether the folder's copy is worthless, and this one is good.
  bool is_other(const std::string& name) const;

  std::filesystem::path blobs_;
  Folder folder_;
  const SealedFiles& files_;
  std::unordered_map<std::string, UnixMillis> known_;
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
// All on disk when it returns; when it fails, what it has left has no manifest.
Result<Base> make_base(const BaseParts& parts, const Folder& folder, UnixMillis now);

}  // namespace wenyuan::backup
