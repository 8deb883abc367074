#include "backup/base_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "audit/base64.h"
#include "audit/checkpoint.h"
#include "audit/tree.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"
#include "store/blob_store.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kSmallFileMax = 4096;

Status sync_file(const fs::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", file);
  if (::fsync(fd.get()) != 0) return errno_error("fsync", file);
  return Done{};
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
std::vector<std::string> key_files(const fs::path& data) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at(data, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    const bool file = at->path().extension() == ".key" && name != "index.key";
    if (file || name == kKeyFolder) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
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

bool OriginalCopier::is_other(const std::string& name) const {
  const fs::path source = original_path(blobs_, name);
  if (same_sealed_file(source, folder_.original(name))) return false;
  return files_.open(source, store::original_bound(name)).has_value();
}

Result<std::vector<Original>> OriginalCopier::copy(const std::vector<OriginalName>& names) {
  std::vector<Original> copied;
  for (const auto& [name, stored_at] : names) {
    if (!is_sha256(name)) continue;
    const auto known = known_.find(name);
    if (known != known_.end()) {
      if (known->second == stored_at) continue;
      known->second = stored_at;
      if (!is_other(name)) continue;
    }
    const fs::path target = folder_.original(name);
    std::error_code failed;
    const std::uintmax_t size = fs::file_size(target, failed);
    Original original{name, "", static_cast<std::int64_t>(failed ? 0 : size)};
    if (!failed && !is_other(name)) {
      // An earlier generation has brought it.
      WY_TRY(original.sha256, sha256_hex_of_file(target));
    } else {
      auto made = copy_original(original_path(blobs_, name), target, name);
      if (!made && made.error().code == ErrorCode::not_found) {
        log::warn("backup.original_gone", {{"sha256", name}});
        continue;
      }
      if (!made) return made.error();
      original = *std::move(made);
    }
    known_[name] = stored_at;
    copied.push_back(std::move(original));
  }
  return copied;
}

Result<Base> make_base(const BaseParts& parts, const Folder& folder, UnixMillis now) {
  Base base;
  Manifest& manifest = base.manifest;
  manifest.store_id = parts.database->store_id();
  manifest.generation = new_generation(now);
  std::error_code failed;
  fs::create_directories(folder.generation(manifest.generation), failed);
  if (failed) {
    return Error{
        ErrorCode::unavailable,
        "create " + folder.generation(manifest.generation).string() + ": " + failed.message()};
  }
  parts.copier->forget();
  // Most of the originals before the view is fixed: what is erased after it is in nobody's way.
  WY_TRY(const auto before, parts.database->read(original_names));
  WY_TRY(std::vector<Original> originals, parts.copier->copy(before));
  const fs::path file = folder.base(manifest.generation);
  WY_TRY(const View view, parts.database->read([&](store::Snapshot& snapshot) {
    return copy_view(snapshot, file, manifest);
  }));
  WY_TRY(const auto more, parts.copier->copy(view.names));
  originals.insert(originals.end(), more.begin(), more.end());
  std::sort(originals.begin(), originals.end(),
            [](const Original& a, const Original& b) { return a.name < b.name; });
  manifest.created_at = parts.settled();
  WY_RETURN_IF_ERROR(sync_file(file));
  manifest.base_size = static_cast<std::int64_t>(fs::file_size(file, failed));
  WY_TRY(manifest.base_sha256, sha256_hex_of_file(file));
  const std::string list = originals_text(originals);
  manifest.original_count = static_cast<std::int64_t>(originals.size());
  manifest.originals_sha256 = sha256_of(list);
  WY_RETURN_IF_ERROR(write_file_durably(folder.originals(manifest.generation), list));
  manifest.index_model = read_file(parts.data / "index.model", kSmallFileMax).has_value()
                             ? *read_file(parts.data / "index.model", kSmallFileMax)
                             : std::string();
  manifest.apart = key_files(parts.data);
  const std::string text = sign_manifest(manifest, *parts.key);
  base.manifest_sha256 = sha256_of(text);
  WY_RETURN_IF_ERROR(write_file_durably(folder.manifest(manifest.generation), text));
  WY_RETURN_IF_ERROR(sync_directory(folder.root() / "generations"));
  return base;
}

}  // namespace wenyuan::backup
