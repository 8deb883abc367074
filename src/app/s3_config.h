// The settings of the object store that backups may go to: the table [backup_s3].
#pragma once

#include <toml++/toml.h>

#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "backup/place.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::app {

// As it was; what the table says replaces it.
Status read_s3_table(const toml::table& table, const std::string& file, S3Config& config);
// WENYUAN_S3_… ; and takes the AWS_… keys out of the environment, so that no child inherits them.
// Before threads start.
Status read_s3_environment(S3Config& config);

// "s3://BUCKET/PREFIX", or else a directory. `scratch`: backup::S3Options. `clock` must outlive it.
Result<std::unique_ptr<backup::Place>> open_backup_place(const std::string& address,
                                                         const S3Config& config,
                                                         const std::filesystem::path& scratch,
                                                         const Clock& clock,
                                                         std::int64_t scratch_reserve = 0);

}  // namespace wenyuan::app
