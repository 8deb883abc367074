#include "backup/pruning.h"

#include <unordered_set>

#include "backup/manifest.h"
#include "backup/segment.h"
#include "backup/signed_lines.h"
#include "base/log.h"

namespace wenyuan::backup {
namespace {

constexpr std::size_t kListSizeMax = std::size_t{4} << 30;
// A head that is longer names very many originals, and is read again.
constexpr std::size_t kHeadSizeUsual = 16 * 1024;

Status remove_generation(const Folder& folder, const std::string& name) {
  Place& place = folder.place();
  // First: half of it must not look whole.
  WY_RETURN_IF_ERROR(place.remove(manifest_name(name)));
  WY_TRY(const auto objects, place.list(generation_folder(name), {}));
  for (const Place::Object& each : objects) WY_RETURN_IF_ERROR(place.remove(each.name));
  log::info("backup.generation_removed", {{"generation", name}});
  return Done{};
}

Result<SegmentHead> read_segment_head(Place& place, const std::string& name) {
  for (std::size_t size = kHeadSizeUsual;; size *= 16) {
    WY_TRY(const std::string bytes, place.get_beginning(name, size));
    const std::size_t end = bytes.find('\0');
    if (end != std::string::npos) return parse_segment_head(bytes.substr(0, end));
    if (bytes.size() < size || size > kLinesSizeMax) {
      return Error{ErrorCode::corrupt, place.where(name) + " has no end of its head"};
    }
  }
}

using Names = std::unordered_set<std::string>;

// What nothing names any more loses its place in `left`.
Status keep_named(const Folder& folder, const std::string& generation, Names& left) {
  Place& place = folder.place();
  WY_TRY(const std::string list, place.get(originals_name(generation), kListSizeMax));
  WY_TRY(const auto originals, parse_originals(list));
  for (const Original& each : originals) left.erase(original_name(each));
  return Done{};
}

Status keep_named_by_segments(const Folder& folder, const std::string& generation, Names& left) {
  WY_TRY(const auto numbers, folder.segments(generation));
  for (const std::int64_t number : numbers) {
    if (left.empty()) return Done{};
    WY_TRY(const SegmentHead head,
           read_segment_head(folder.place(), segment_name(generation, number)));
    for (const Original& each : head.originals) left.erase(original_name(each));
  }
  return Done{};
}

// Lists first, and segments only while there is something that no list names: they are many.
Status remove_originals(const Folder& folder) {
  WY_TRY(const auto objects, folder.place().list(kOriginalsFolder, {}));
  Names left;
  for (const Place::Object& each : objects) left.insert(each.name);
  WY_TRY(const auto generations, folder.generations());
  for (const std::string& name : generations) WY_RETURN_IF_ERROR(keep_named(folder, name, left));
  for (const std::string& name : generations) {
    WY_RETURN_IF_ERROR(keep_named_by_segments(folder, name, left));
  }
  for (const std::string& name : left) WY_RETURN_IF_ERROR(folder.place().remove(name));
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
    WY_TRY(const std::string text, folder.place().get(manifest_name(whole[at + 1]), kLinesSizeMax));
    WY_TRY(const Manifest next, parse_manifest(text));
    if (next.created_at >= horizon || whole[at] == newest) break;
    WY_RETURN_IF_ERROR(remove_generation(folder, whole[at]));
    removed = true;
  }
  return removed ? remove_originals(folder) : Status(Done{});
}

}  // namespace wenyuan::backup
