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

// What was kept apart of one name. Whoever keeps the folder of keys may name that itself.
fs::path kept_apart(const fs::path& keys, const std::string& name) {
  std::error_code ignored;
  if (name != backup::kKeyFolder || fs::exists(keys / name, ignored)) return keys / name;
  const bool itself = fs::exists(keys / "master.key", ignored) ||
                      fs::exists(keys / store::kSecretsFileName, ignored);
  return itself ? keys : keys / name;
}

// The newest erasure secrets: those that were copied when they were made.
Status bring_copied_secrets(const RestoreWish& wish, const std::string& store_id) {
  const fs::path folder = wish.options.data / backup::kKeyFolder;
  std::error_code failed;
  fs::create_directory(folder, failed);
  if (!failed) fs::permissions(folder, fs::perms::owner_all, failed);
  if (failed) {
    return Error{ErrorCode::unavailable, "create " + folder.string() + ": " + failed.message()};
  }
  return store::bring_secrets(folder / store::kSecretsFileName,
                              fs::path(wish.key_copy) / store::kSecretsFileName, store_id);
}

// Before the store is opened: what is encrypted is checked too.
Status copy_keys(const RestoreWish& wish, Restored& restored) {
  std::vector<std::string> names = restored.manifest.apart;
  // A server may keep it outside of its data.
  if (std::find(names.begin(), names.end(), backup::kKeyFolder) == names.end()) {
    names.emplace_back(backup::kKeyFolder);
  }
  std::error_code ignored;
  for (const std::string& name : names) {
    const fs::path to = wish.options.data / name;
    if (!wish.keys.empty()) WY_RETURN_IF_ERROR(copy_key(kept_apart(wish.keys, name), to));
    if (name == backup::kKeyFolder && !wish.key_copy.empty()) {
      WY_RETURN_IF_ERROR(bring_copied_secrets(wish, restored.manifest.store_id));
    }
    if (fs::exists(to, ignored)) continue;
    restored.keys_missing.push_back(name);
    if (name == backup::kKeyFolder) {
      return Error{ErrorCode::not_found,
                   "what is in the backup is encrypted: with --keys, say where the folder keys is "
                   "that was kept apart"};
    }
  }
  return Done{};
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
