#include "backup/pruning.h"

#include <fstream>
#include <system_error>
#include <unordered_set>

#include "backup/manifest.h"
#include "backup/segment.h"
#include "backup/signed_lines.h"
#include "base/file.h"
#include "base/log.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kListSizeMax = std::size_t{4} << 30;

Status remove_generation(const Folder& folder, const std::string& name) {
  std::error_code failed;
  fs::remove(folder.manifest(name), failed);  // first: half of it must not look whole
  if (!failed) fs::remove_all(folder.generation(name), failed);
  if (failed) return Error{ErrorCode::unavailable, "remove " + name + ": " + failed.message()};
  log::info("backup.generation_removed", {{"generation", name}});
  return Done{};
}

Result<SegmentHead> read_segment_head(const fs::path& file) {
  std::ifstream input(file, std::ios::binary);
  std::string text;
  std::getline(input, text, '\0');
  return parse_segment_head(text);
}

using Names = std::unordered_set<std::string>;

Status add_names(const Folder& folder, const std::string& generation, Names& names) {
  WY_TRY(const std::string list, read_file(folder.originals(generation), kListSizeMax));
  WY_TRY(const auto originals, parse_originals(list));
  for (const Original& each : originals) names.insert(each.name);
  WY_TRY(const auto numbers, folder.segments(generation));
  for (const std::int64_t number : numbers) {
    WY_TRY(const SegmentHead head, read_segment_head(folder.segment(generation, number)));
    for (const Original& each : head.originals) names.insert(each.name);
  }
  return Done{};
}

Status remove_originals(const Folder& folder, const Names& named) {
  std::error_code failed;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator at(folder.root() / "blobs", failed), end;
       !failed && at != end; at.increment(failed)) {
    if (at->is_regular_file(failed) && !named.contains(at->path().filename().string())) {
      files.push_back(at->path());
    }
  }
  for (const fs::path& file : files) fs::remove(file, failed);
  if (failed) return Error{ErrorCode::unavailable, "remove originals: " + failed.message()};
  return Done{};
}

}  // namespace

Status prune(const Folder& folder, const std::string& newest, UnixMillis horizon) {
  WY_TRY(const auto unfinished, folder.unfinished());
  bool removed = false;
  for (const std::string& name : unfinished) {
    if (name >= newest) continue;
    WY_RETURN_IF_ERROR(remove_generation(folder, name));
    removed = true;
  }
  WY_TRY(const auto whole, folder.generations());
  for (std::size_t at = 0; at + 1 < whole.size(); ++at) {
    WY_TRY(const std::string text, read_file(folder.manifest(whole[at + 1]), kLinesSizeMax));
    WY_TRY(const Manifest next, parse_manifest(text));
    if (next.created_at >= horizon || whole[at] == newest) break;
    WY_RETURN_IF_ERROR(remove_generation(folder, whole[at]));
    removed = true;
  }
  if (!removed) return Done{};
  Names named;
  WY_TRY(const auto left, folder.generations());
  for (const std::string& name : left) WY_RETURN_IF_ERROR(add_names(folder, name, named));
  return remove_originals(folder, named);
}

}  // namespace wenyuan::backup
