#include "app/backups.h"

#include "backup/replica.h"
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
  options.to = config.backup_to;
  options.keep_ms = config.backup_keep_days * kDay;
  return backup::Shipper::open(database, clock, options);
}

Backups::Backups(std::unique_ptr<backup::Shipper> shipper, std::chrono::milliseconds period)
    : shipper_(std::move(shipper)) {
  keeper_.emplace(
      period, [this] { ship(); }, true);
}

void Backups::stop() {
  keeper_.reset();
  ship();
}

void Backups::ship() {
  if (const Status shipped = shipper_->ship(); !shipped) {
    log::error("backup.failed", {{"why", shipped.error().message}});
  }
}

}  // namespace wenyuan::app
