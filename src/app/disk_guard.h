// Watches how much room the data's disk has, and says when nothing more may be taken in.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace wenyuan::app {

// Thread-safe. Below the reserve content is refused, so that there is room for what must go on:
// the audit log, deletions, the database's own log. It ends by itself when there is room again, a
// quarter of the reserve more than it began with, so that it does not come and go.
class DiskGuard {
 public:
  DiskGuard(std::filesystem::path directory, std::int64_t reserve_bytes);

  // Measures; called now and then.
  void look();
  bool has_room() const { return has_room_; }
  // unavailable, with words for people, while there is no room.
  Status ready() const;

 private:
  const std::filesystem::path directory_;
  const std::int64_t reserve_bytes_;
  std::atomic<std::int64_t> free_bytes_{0};
  std::atomic<bool> has_room_{true};
};

}  // namespace wenyuan::app
