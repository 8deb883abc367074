#include "app/restoring.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "audit/log.h"
#include "auth/after_restore.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/erasure_secrets.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeySizeMax = std::size_t{1} << 20;

Status copy_key(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  if (fs::is_directory(from, failed)) {
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, failed);
    if (!failed) fs::permissions(to, fs::perms::owner_all, failed);
    if (!failed) return Done{};
    return Error{ErrorCode::unavailable, "copy " + from.string() + ": " + failed.message()};
  }
  const auto bytes = read_file(from, kKeySizeMax);
  if (bytes) return write_file_durably(to, *bytes, 0600);
  if (bytes.error().code == ErrorCode::not_found) return Done{};
  return bytes.error();
}

bool holds_keys(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "master.key", ignored) ||
         fs::exists(folder / store::kSecretsFileName, ignored);
}

// The folder of keys that was kept apart. Whoever keeps it may name it itself.
fs::path kept_apart(const fs::path& keys) {
  const fs::path folder = keys / backup::kKeyFolder;
  std::error_code ignored;
  return !fs::exists(folder, ignored) && holds_keys(keys) ? keys : folder;
}

Status make_key_folder(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (!failed) fs::permissions(folder, fs::perms::owner_all, failed);
  if (!failed) return Done{};
  return Error{ErrorCode::unavailable, "create " + folder.string() + ": " + failed.message()};
}

// The folder of keys, before the store is opened: what is encrypted is checked too.
Status bring_keys(const RestoreWish& wish, Restored& restored) {
  const fs::path& folder = restored.key_folder;
  const fs::path inside = wish.options.data / backup::kKeyFolder;
  restored.keys_were_there =
      fs::absolute(folder).lexically_normal() != fs::absolute(inside).lexically_normal() &&
      holds_keys(folder);
  if (!restored.keys_were_there && !wish.keys.empty()) {
    const fs::path from = kept_apart(wish.keys);
    std::error_code ignored;
    if (fs::exists(from, ignored)) WY_RETURN_IF_ERROR(make_key_folder(folder));
    WY_RETURN_IF_ERROR(copy_key(from, folder));
  }
  if (!wish.key_copy.empty()) {
    WY_RETURN_IF_ERROR(make_key_folder(folder));
    // The newest erasure secrets: those that were copied when they were made.
    WY_RETURN_IF_ERROR(store::bring_secrets(folder / store::kSecretsFileName,
                                            fs::path(wish.key_copy) / store::kSecretsFileName,
                                            restored.manifest.store_id));
  }
  if (holds_keys(folder)) return Done{};
  return Error{ErrorCode::not_found,
               "what is in the backup is encrypted, and there are no keys in " + folder.string() +
                   ": with --keys, say where the folder keys is that was kept apart; or, when the "
                   "server has its keys elsewhere (its setting keys, WENYUAN_KEYS), where, with "
                   "--key-folder"};
}

Status copy_keys(const RestoreWish& wish, Restored& restored) {
  restored.key_folder =
      wish.options.keys.empty() ? wish.options.data / backup::kKeyFolder : wish.options.keys;
  for (const std::string& name : restored.manifest.apart) {
    if (name == backup::kKeyFolder) continue;
    const fs::path to = wish.options.data / name;
    if (!wish.keys.empty()) WY_RETURN_IF_ERROR(copy_key(wish.keys / fs::path(name), to));
    std::error_code ignored;
    if (!fs::exists(to, ignored)) restored.keys_missing.push_back(name);
  }
  return bring_keys(wish, restored);
}

Status note_restore(const Restored& restored, store::Database& database) {
  const SystemClock clock;
  return database.write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(auth::end_sessions_of_the_past(tx));
    audit::Event event;
    event.action = "store.restore";
    event.details = {{"generation", restored.manifest.generation},
                     {"segments", restored.progress.segment},
                     {"commit", restored.progress.commit},
                     {"time", rfc3339(restored.progress.time)}};
    WY_RETURN_IF_ERROR(audit::append(tx, event, clock.now()));
    return Done{};
  });
}

}  // namespace

Result<Restored> restore(RestoreWish wish) {
  Restored restored;
  WY_TRY(backup::Replica replica, backup::Replica::open(std::move(wish.from), wish.options));
  WY_RETURN_IF_ERROR(replica.catch_up(wish.target));
  restored.progress = replica.progress();
  restored.manifest = replica.manifest();
  WY_RETURN_IF_ERROR(copy_keys(wish, restored));
  WY_TRY(restored.checked, replica.finish(wish.without_missing, [&](store::Database& database) {
    return note_restore(restored, database);
  }));
  if (wish.take_over && restored.checked.problems.empty()) {
    WY_RETURN_IF_ERROR(replica.take_over());
  }
  return restored;
}

}  // namespace wenyuan::app
