#include <gtest/gtest.h>

#include "backup/replica.h"
#include "base/file.h"
#include "tests/crash/backups.h"
#include "tests/crash/operations.h"

namespace wenyuan::crash {
namespace {

namespace fs = std::filesystem;

// More than one, so that some may be copied and others not.
Status two_ready(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(ready_document(node, scene));
  WY_TRY(scene.target, ready_document(node, scene));
  return Done{};
}

Status back_up(Node& node, Scene&) { return node.back_up(); }

Status shipping(Node& node, Scene& scene) {
  if (node.backup_count() == 0) WY_RETURN_IF_ERROR(node.back_up());
  return two_ready(node, scene);
}

Status ship(Node& node, Scene&) { return node.ship(); }

// Whoever follows sees what an attempt has left that failed.
Status ship_and_follow(Node& node, Scene&) {
  const fs::path& data = node.layout().data;
  const Status shipped = node.ship();
  const Status followed = follow(data, data.parent_path() / "standby");
  return shipped ? followed : shipped;
}

// A whole copy, and something behind it.
Status shipped(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(node.back_up());
  WY_RETURN_IF_ERROR(two_ready(node, scene));
  return node.ship();
}

// At once, so that half of a store that was whole is never taken for one that is being restored.
Status put_away(const fs::path& folder) {
  const fs::path away = folder.string() + ".away";
  std::error_code failed;
  fs::remove_all(away, failed);
  if (!failed && fs::exists(folder, failed)) fs::rename(folder, away, failed);
  // Else its files may be gone after a power cut and the new name with them.
  if (!failed) WY_RETURN_IF_ERROR(sync_directory(folder.parent_path()));
  if (!failed) fs::remove_all(away, failed);
  if (failed) return Error{ErrorCode::unavailable, "remove a restored store: " + failed.message()};
  return Done{};
}

// What an attempt that failed has left is gone on with.
Status restore_all(Node& node, Scene&) {
  const fs::path& data = node.layout().data;
  const fs::path to = data.parent_path() / "restored";
  const bool is_whole = fs::exists(to / "wenyuan.db") && !backup::Replica::is_replica(to);
  if (is_whole) WY_RETURN_IF_ERROR(put_away(to));
  WY_RETURN_IF_ERROR(restore(data, to));
  WY_TRY(const Facts wanted, read_facts(node.database()));
  Facts found;
  {
    WY_TRY(const auto database, store::Database::open({.directory = to}));
    WY_TRY(found, read_facts(*database));
  }
  EXPECT_EQ(difference(wanted, found), "") << "of what was restored";
  return put_away(to);
}

}  // namespace

std::vector<Operation> backup_operations() {
  return {
      {"make a whole copy", two_ready, back_up, true, true},
      {"ship commits", shipping, ship, true, true},
      {"ship and follow", shipping, ship_and_follow, true, true},
      {"restore from a backup", shipped, restore_all, true, true},
  };
}

}  // namespace wenyuan::crash
