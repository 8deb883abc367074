// How the backups of one store lie in a place; docs/formats/backup.md.
//
//   audit.pub                              the key that has signed everything here
//   writer                                 which server writes here (backup/writer_claim.h)
//   blobs/ab/cd/<name>.<hash of its bytes> originals, shared by all generations
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
#include "backup/place.h"
#include "backup/segment.h"
#include "base/result.h"

namespace wenyuan::backup {

constexpr const char* kPublicKeyName = "audit.pub";
constexpr const char* kWriterName = "writer";
constexpr const char* kOriginalsFolder = "blobs/";
constexpr const char* kGenerationsFolder = "generations/";

// Names in the place.
std::string generation_folder(const std::string& generation);  // ends in '/'
std::string manifest_name(const std::string& generation);
std::string base_name(const std::string& generation);
std::string originals_name(const std::string& generation);
std::string segment_name(const std::string& generation, std::int64_t number);
// Two files of one name have other bytes when one was erased, or damaged, and came again: its key
// is another.
std::string original_name(const Original& original);
// What bears such a name.
std::optional<Original> original_of(const Place::Object& object);

// Where a store keeps an original: ROOT/ab/cd/NAME.
std::filesystem::path original_path(const std::filesystem::path& root, const std::string& name);

// As thread-safe as the place, which must outlive it.
class Folder {
 public:
  explicit Folder(Place& place) : place_(&place) {}
  Place& place() const { return *place_; }

  // Whole generations (those with a manifest), the oldest first; of others the name alone counts.
  Result<std::vector<std::string>> generations() const;
  Result<std::vector<std::string>> unfinished() const;
  // The last of generations(), found with fewer questions; empty when there is none.
  Result<std::string> newest() const;
  // Numbers of its segments that are above `after`, sorted.
  Result<std::vector<std::int64_t>> segments(const std::string& generation,
                                             std::int64_t after = 0) const;

  // Every copy of an original that is there, sealed under whatever key.
  Result<std::vector<Original>> copies_of(const std::string& name) const;

  // Leaves a copy of the key; conflict when the place is another store's.
  Status prepare(const std::filesystem::path& public_file) const;
  // not_found when there is no backup.
  Result<std::string> public_key() const;

 private:
  Result<std::vector<std::string>> with_manifest(bool whole) const;
  Place* place_;
};

// The lines of a file "originals".
std::string originals_text(const std::vector<Original>& originals);
Result<std::vector<Original>> parse_originals(std::string_view text);

}  // namespace wenyuan::backup
