#include "app/backups.h"

#include "app/s3_config.h"
#include "backup/replica.h"
#include "backup/s3_options.h"
#include "base/log.h"

namespace wenyuan::app {
namespace {

constexpr UnixMillis kDay = 86'400'000;

}  // namespace

Status refuse_standby(const std::filesystem::path& data) {
  if (!backup::Replica::is_replica(data)) return Done{};
  return Error{ErrorCode::conflict, data.string() +
                                        " follows a backup, or a restore was broken off there: "
                                        "end it with wenyuan promote"};
}

Result<std::unique_ptr<backup::Shipper>> open_shipper(const Config& config,
                                                      store::Database& database,
                                                      const Clock& clock) {
  backup::Shipper::Options options;
  options.data = config.data;
  options.keep_ms = config.backup_keep_days * kDay;
  options.place_may_be_away = backup::is_s3_address(config.backup_to);
  WY_TRY(auto place, open_backup_place(config.backup_to, config.s3, config.data / "backup.tmp",
                                       clock, config.disk_reserve_bytes));
  return backup::Shipper::open(database, clock, std::move(place), options);
}

Backups::Backups(std::unique_ptr<backup::Shipper> shipper, std::chrono::milliseconds period)
    : shipper_(std::move(shipper)) {
  keeper_.emplace(
      period, [this] { ship(); }, true);
}

void Backups::stop() {
  shipper_->hurry();
  keeper_.reset();
  ship();
  if (const Status left = shipper_->leave(); !left) {
    log::warn("backup.not_left", {{"why", left.error().message}});
  }
}

void Backups::ship() {
  if (const Status shipped = shipper_->ship(); !shipped) {
    log::error("backup.failed", {{"why", shipped.error().message}});
  }
}

}  // namespace wenyuan::app
