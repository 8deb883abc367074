#include "app/disk_guard.h"

#include <string>
#include <system_error>

#include "base/log.h"
#include "base/metrics.h"

namespace wenyuan::app {
namespace {

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

}  // namespace

DiskGuard::DiskGuard(std::filesystem::path directory, std::int64_t reserve_bytes)
    : directory_(std::move(directory)), reserve_bytes_(reserve_bytes) {
  metrics::gauge("wenyuan_disk_reserve_bytes", "Below so much room nothing is taken in")
      .set(static_cast<double>(reserve_bytes_));
  look();
}

void DiskGuard::look() {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(directory_, error);
  if (error) {
    // A disk that cannot be asked will say so itself when it is written to.
    log::warn("disk.not_measured", {{"reason", error.message()}});
    return;
  }
  free_bytes_ = static_cast<std::int64_t>(space.available);
  const bool had_room = has_room_;
  const std::int64_t wanted = had_room ? reserve_bytes_ : reserve_bytes_ + reserve_bytes_ / 4;
  has_room_ = free_bytes_ >= wanted;
  metrics::gauge("wenyuan_disk_free_bytes", "Room on the disk of the data")
      .set(static_cast<double>(free_bytes_));
  metrics::gauge("wenyuan_disk_full", "1 while uploads are refused for want of room")
      .set(has_room_ ? 0 : 1);
  if (has_room_ == had_room) return;
  log::warn(has_room_ ? "disk.has_room_again" : "disk.nearly_full",
            {{"free_bytes", free_bytes_.load()}, {"reserve_bytes", reserve_bytes_}});
}

Status DiskGuard::ready() const {
  if (has_room_) return Done{};
  return Error{ErrorCode::unavailable,
               "The server's disk is nearly full: " + std::to_string(free_bytes_ / kMebibyte) +
                   " MiB are free, and " + std::to_string(reserve_bytes_ / kMebibyte) +
                   " MiB are kept free. Nothing new is taken in until there is room; reading, "
                   "searching and deleting go on"};
}

}  // namespace wenyuan::app
