// The backup directory of a running server.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/config.h"
#include "app/keeper.h"
#include "backup/shipper.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::app {

// conflict for a data directory that still follows a backup.
Status refuse_standby(const std::filesystem::path& data);

// As the settings say; backup_to is set.
Result<std::unique_ptr<backup::Shipper>> open_shipper(const Config& config,
                                                      store::Database& database,
                                                      const Clock& clock);

// Ships at once and then every `period`. The parts that the shipper uses outlive it.
class Backups {
 public:
  Backups(std::unique_ptr<backup::Shipper> shipper, std::chrono::milliseconds period);
  backup::Shipper& shipper() { return *shipper_; }
  // With everything that is committed by now.
  void stop();

 private:
  void ship();
  std::unique_ptr<backup::Shipper> shipper_;
  std::optional<Keeper> keeper_;  // last: it uses the other
};

}  // namespace wenyuan::app
