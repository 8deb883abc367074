#include "app/restoring.h"

#include <filesystem>
#include <system_error>

#include "audit/log.h"
#include "auth/after_restore.h"
#include "base/clock.h"
#include "base/file.h"

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

// Before the store is opened: what is encrypted is checked too.
Status copy_keys(const RestoreWish& wish, Restored& restored) {
  for (const std::string& name : restored.manifest.apart) {
    const fs::path to = wish.options.data / name;
    if (!wish.keys.empty()) WY_RETURN_IF_ERROR(copy_key(fs::path(wish.keys) / name, to));
    std::error_code ignored;
    if (!fs::exists(to, ignored)) restored.keys_missing.push_back(name);
    if (name == backup::kKeyFolder && !fs::exists(to, ignored)) {
      return Error{ErrorCode::not_found,
                   "what is in the backup is encrypted: with --keys, say where the folder keys is "
                   "that was kept apart"};
    }
  }
  return Done{};
}

Status note_restore(const RestoreWish& wish, const Restored& restored) {
  WY_TRY(const auto database, store::Database::open({.directory = wish.options.data,
                                                     .keys = {},
                                                     .master_key = wish.options.master_key,
                                                     .previous_master_key = {}}));
  const SystemClock clock;
  return database->write([&](store::Transaction& tx) -> Status {
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

Result<Restored> restore(const RestoreWish& wish) {
  Restored restored;
  {
    WY_TRY(backup::Replica replica, backup::Replica::open(wish.options));
    WY_RETURN_IF_ERROR(replica.catch_up(wish.target));
    restored.progress = replica.progress();
    restored.manifest = replica.manifest();
    WY_RETURN_IF_ERROR(copy_keys(wish, restored));
    WY_TRY(restored.checked, replica.finish(wish.without_missing));
  }
  if (!restored.checked.problems.empty()) return restored;
  WY_RETURN_IF_ERROR(note_restore(wish, restored));
  return restored;
}

}  // namespace wenyuan::app
