// Makes a new generation: a whole copy of a store that is read and written meanwhile.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "audit/checkpoint_key.h"
#include "backup/folder.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::backup {

// Copies originals that the folder does not have yet, each once. One thread at a time.
class OriginalCopier {
 public:
  OriginalCopier(const std::filesystem::path& data, Folder folder)
      : blobs_(data / "blobs"), folder_(std::move(folder)) {}
  // Those of `names` that are new to this generation. What has been erased in the meantime is left
  // out; a file that should be there and is not is logged.
  Result<std::vector<Original>> copy(const std::vector<std::string>& names);
  // The next generation names all of them again.
  void forget() { known_.clear(); }

 private:
  std::filesystem::path blobs_;
  Folder folder_;
  std::unordered_set<std::string> known_;
};

Result<std::vector<std::string>> original_names(store::Snapshot& snapshot);

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
