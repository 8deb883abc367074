#include "backup/base_copy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>

#include "audit/base64.h"
#include "audit/checkpoint.h"
#include "audit/tree.h"
#include "backup/new_file.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"
#include "store/blob_store.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kSmallFileMax = 4096;
constexpr std::size_t kSealedHeaderSize = 84;  // docs/formats/sealed-file.md

Result<std::string> read_beginning(const fs::path& path, std::size_t size) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return errno_error("open", path);
  std::string bytes(size, '\0');
  WY_RETURN_IF_ERROR(read_piece(file, 0, bytes));
  return bytes;
}

// Everything that must come from one view.
struct View {
  std::vector<OriginalName> names;
};
Result<View> copy_view(store::Snapshot& snapshot, const fs::path& file, Manifest& manifest) {
  View view;
  WY_TRY(manifest.commit, snapshot.commit_number());
  WY_TRY(manifest.audit_size, audit::tree_size(snapshot));
  WY_TRY(const audit::Hash root, audit::root_at(snapshot, manifest.audit_size));
  manifest.audit_root = to_base64(root);
  WY_TRY(const auto newest, audit::stored_checkpoints(snapshot, 0, 1));
  if (!newest.empty()) manifest.checkpoint = newest.front().note;
  WY_TRY(view.names, original_names(snapshot));
  WY_RETURN_IF_ERROR(snapshot.copy_to(file));
  return view;
}

// Keys never lie beside what they open: files, and the folder of keys.
Result<std::vector<std::string>> key_files(const fs::path& data) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at(data, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    const bool file = at->path().extension() == ".key" && name != "index.key";
    if (file || name == kKeyFolder) names.push_back(name);
  }
  if (failed) {
    return Error{ErrorCode::unavailable, "look through " + data.string() + ": " + failed.message()};
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Empty when there is none.
Result<std::string> index_model_file(const fs::path& data) {
  auto text = read_file(data / "index.model", kSmallFileMax);
  if (!text && text.error().code == ErrorCode::not_found) return std::string();
  return text;
}

// Copies the database, and the originals that only this view has.
Result<View> copy_database(const BaseParts& parts, Place& place, Manifest& manifest) {
  const std::string name = base_name(manifest.generation);
  std::error_code failed;
  const auto size = static_cast<std::int64_t>(fs::file_size(parts.data / "wenyuan.db", failed));
  WY_TRY(const fs::path file, place.make_room(name, failed ? 0 : size));
  auto view = parts.database->read(
      [&](store::Snapshot& snapshot) { return copy_view(snapshot, file, manifest); });
  if (!view) {
    fs::remove(file, failed);
    return view.error();
  }
  manifest.base_size = static_cast<std::int64_t>(fs::file_size(file, failed));
  WY_TRY(manifest.base_sha256, sha256_hex_of_file(file));
  WY_RETURN_IF_ERROR(place.add_made(name, file, manifest.base_sha256));
  return view;
}

}  // namespace

Result<std::vector<OriginalName>> original_names(store::Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT sha256, created_at FROM blobs ORDER BY sha256"));
  std::vector<OriginalName> names;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return names;
    names.push_back({statement.text(0), statement.integer(1)});
  }
}

Result<OriginalCopier::Stamp> OriginalCopier::stamp_of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return errno_error("open", file);
  return Stamp{info.st_ino,
               info.st_ctim.tv_sec * std::int64_t{1'000'000'000} + info.st_ctim.tv_nsec,
               info.st_size};
}

// Reads the file only when it is not the one of before.
Status OriginalCopier::look_at(const std::string& name, Known& known) const {
  const fs::path file = original_path(blobs_, name);
  WY_TRY(const Stamp stamp, stamp_of(file));
  if (known.stamp == stamp) return Done{};
  WY_TRY(std::string sha256, sha256_hex_of_file(file));
  if (known.sha256 != sha256) known.named.clear();
  known.stamp = stamp;
  known.sha256 = std::move(sha256);
  return Done{};
}

Status OriginalCopier::list_present() {
  if (present_) return Done{};
  WY_TRY(const auto objects, folder_.place().list(kOriginalsFolder, {}));
  present_.emplace();
  for (const Place::Object& each : objects)
    present_->emplace_hint(present_->end(), each.name, each.size);
  return Done{};
}

// One in the place that is worth more than the file: of the same file, which was damaged since; or
// any, when the file does not open.
Result<std::optional<Original>> OriginalCopier::better_copy(const std::string& name) const {
  const fs::path file = original_path(blobs_, name);
  std::optional<std::string> header;
  bool opens = true;
  const std::string begin = original_name({name, std::string(name.size(), '0'), 0});
  for (auto at = present_->lower_bound(begin); at != present_->end(); ++at) {
    auto copy = original_of({at->first, at->second});
    if (!copy || copy->name != name) break;
    if (!header) {
      WY_TRY(header, read_beginning(file, kSealedHeaderSize));
      opens = files_ == nullptr || files_->open(file, store::original_bound(name));
    }
    WY_TRY(const std::string other, folder_.place().get_beginning(at->first, kSealedHeaderSize));
    if (!opens || other == *header) return copy;
  }
  return std::optional<Original>();
}

Result<Original> OriginalCopier::bring(const std::string& name, const Known& known) {
  WY_RETURN_IF_ERROR(list_present());
  Original original{name, known.sha256, known.stamp.size};
  const std::string target = original_name(original);
  if (present_->contains(target)) return original;
  WY_TRY(auto better, better_copy(name));
  if (better) {
    log::warn("backup.original_damaged", {{"sha256", name}});
    return *std::move(better);
  }
  WY_RETURN_IF_ERROR(
      folder_.place().put_file(target, original_path(blobs_, name), original.sha256));
  present_->emplace(target, original.size);
  return original;
}

// Nothing when this generation names it already, or it is gone.
Result<std::optional<Original>> OriginalCopier::copy_one(const OriginalName& name) {
  Known& known = known_[name.sha256];
  if (!known.named.empty() && known.stored_at == name.stored_at) return std::optional<Original>();
  const Status looked = look_at(name.sha256, known);
  if (looked && !known.named.empty()) {
    known.stored_at = name.stored_at;
    return std::optional<Original>();
  }
  auto brought = looked ? bring(name.sha256, known) : Result<Original>(looked.error());
  if (brought) {
    known.stored_at = name.stored_at;
    known.named = brought->sha256;
    return std::optional(*std::move(brought));
  }
  std::error_code ignored;
  const bool gone = brought.error().code == ErrorCode::not_found &&
                    !fs::exists(original_path(blobs_, name.sha256), ignored);
  if (!gone) return std::move(brought).error();
  log::warn("backup.original_gone", {{"sha256", name.sha256}});
  return std::optional<Original>();
}

Result<std::vector<Original>> OriginalCopier::copy(const std::vector<OriginalName>& names) {
  std::vector<Original> copied;
  for (const OriginalName& name : names) {
    if (!is_sha256(name.sha256)) continue;
    auto original = copy_one(name);
    if (!original) {
      // Nobody has heard of those that came before it either.
      for (const Original& each : copied) known_[each.name].named.clear();
      return std::move(original).error();
    }
    if (*original) copied.push_back(*std::move(*original));
  }
  return copied;
}

void OriginalCopier::begin_generation() {
  for (auto& [name, known] : known_) known.named.clear();
  present_.reset();
}

Result<Base> make_base(const BaseParts& parts, const Folder& folder, UnixMillis now) {
  Base base;
  Manifest& manifest = base.manifest;
  manifest.store_id = parts.database->store_id();
  manifest.generation = new_generation(now);
  parts.copier->begin_generation();
  // Most of the originals before the view is fixed: what is erased after it is in nobody's way.
  WY_TRY(const auto before, parts.database->read(original_names));
  WY_TRY(std::vector<Original> originals, parts.copier->copy(before));
  WY_TRY(const View view, copy_database(parts, folder.place(), manifest));
  WY_TRY(const auto more, parts.copier->copy(view.names));
  originals.insert(originals.end(), more.begin(), more.end());
  std::sort(originals.begin(), originals.end(),
            [](const Original& a, const Original& b) { return a.name < b.name; });
  manifest.created_at = parts.settled();
  const std::string list = originals_text(originals);
  manifest.original_count = static_cast<std::int64_t>(originals.size());
  manifest.originals_sha256 = sha256_of(list);
  WY_RETURN_IF_ERROR(folder.place().put_new(originals_name(manifest.generation), list));
  WY_TRY(manifest.index_model, index_model_file(parts.data));
  WY_TRY(manifest.apart, key_files(parts.data));
  const std::string text = sign_manifest(manifest, *parts.key);
  base.manifest_sha256 = sha256_of(text);
  WY_RETURN_IF_ERROR(folder.place().put_new(manifest_name(manifest.generation), text));
  return base;
}

}  // namespace wenyuan::backup
