// A directory with the backups of one store; docs/formats/backup.md.
//
//   audit.pub                              the key that has signed everything here
//   blobs/ab/cd/<name>                     originals, shared by all generations
//   generations/<generation>/manifest      written last: without it, a generation is not there
//   generations/<generation>/base.db       the whole database
//   generations/<generation>/originals     what belonged to it
//   generations/<generation>/000000000001.wal …  what was committed since
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint_key.h"
#include "backup/manifest.h"
#include "backup/segment.h"
#include "base/result.h"

namespace wenyuan::backup {

// Where a store or a backup keeps an original: ROOT/ab/cd/NAME.
std::filesystem::path original_path(const std::filesystem::path& root, const std::string& name);

class Folder {
 public:
  explicit Folder(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path public_key() const { return root_ / "audit.pub"; }
  std::filesystem::path generation(const std::string& name) const {
    return root_ / "generations" / name;
  }
  std::filesystem::path manifest(const std::string& name) const {
    return generation(name) / "manifest";
  }
  std::filesystem::path base(const std::string& name) const { return generation(name) / "base.db"; }
  std::filesystem::path originals(const std::string& name) const {
    return generation(name) / "originals";
  }
  std::filesystem::path segment(const std::string& name, std::int64_t number) const;
  std::filesystem::path original(const std::string& blob) const;

  // Whole generations (those with a manifest), the oldest first; of others the name alone counts.
  Result<std::vector<std::string>> generations() const;
  Result<std::vector<std::string>> unfinished() const;
  // Numbers of its segments, sorted.
  Result<std::vector<std::int64_t>> segments(const std::string& name) const;

  // Makes the folders, and leaves a copy of the key; conflict when the directory is another
  // store's.
  Status prepare(const std::filesystem::path& public_file) const;

 private:
  Result<std::vector<std::string>> folders(bool whole) const;
  std::filesystem::path root_;
};

// Copies durably, taking the hash on the way; not_found when `from` is not there.
Result<Original> copy_original(const std::filesystem::path& from, const std::filesystem::path& to,
                               const std::string& name);

// Whether two sealed files (docs/formats/sealed-file.md) have the same key; false when one cannot
// be read. Each file has a key of its own, so these are copies of each other, but for damage.
bool same_sealed_file(const std::filesystem::path& one, const std::filesystem::path& other);

// The lines of a file "originals".
std::string originals_text(const std::vector<Original>& originals);
Result<std::vector<Original>> parse_originals(std::string_view text);

}  // namespace wenyuan::backup
