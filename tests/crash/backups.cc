#include "tests/crash/backups.h"

#include <system_error>

#include "backup/directory.h"
#include "backup/replica.h"
#include "tests/crash/node.h"

namespace wenyuan::crash {
namespace fs = std::filesystem;
namespace {

Status bring_keys(const fs::path& data, const fs::path& to) {
  std::error_code failed;
  fs::copy(data / backup::kKeyFolder, to / backup::kKeyFolder,
           fs::copy_options::recursive | fs::copy_options::overwrite_existing, failed);
  if (failed) return Error{ErrorCode::unavailable, "bring the keys: " + failed.message()};
  return Done{};
}

Result<backup::Replica> open_replica(const fs::path& data, const fs::path& to) {
  return backup::Replica::open(backup::open_directory(backup_folder(data)),
                               {.data = to, .public_key = data / "audit.pub", .generation = {}});
}

}  // namespace

fs::path backup_folder(const fs::path& data) { return data.parent_path() / "backup"; }

Status follow(const fs::path& data, const fs::path& standby) {
  WY_TRY(backup::Replica replica, open_replica(data, standby));
  return replica.catch_up({});
}

Status restore(const fs::path& data, const fs::path& to) {
  WY_TRY(backup::Replica replica, open_replica(data, to));
  WY_RETURN_IF_ERROR(replica.catch_up({}));
  WY_RETURN_IF_ERROR(bring_keys(data, to));
  WY_TRY(const auto finished, replica.finish(false));
  if (finished.problems.empty()) return Done{};
  return Error{ErrorCode::corrupt, "restored, but " + finished.problems.front()};
}

Result<Facts> restored_facts(const fs::path& data) {
  const Scratch scratch;
  WY_RETURN_IF_ERROR(restore(data, scratch.data()));
  WY_TRY(const auto database, store::Database::open({.directory = scratch.data()}));
  WY_TRY(const auto problems, database->read(key_problems));
  if (!problems.empty()) return Error{ErrorCode::corrupt, "restored, but " + problems.front()};
  return read_facts(*database);
}

}  // namespace wenyuan::crash
