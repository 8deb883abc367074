// What commands beside a server take from its file of settings and from the environment.
#pragma once

#include <string>

#include "app/config.h"
#include "base/result.h"

namespace wenyuan::app {

struct CommandConfig {
  S3Config s3;
  std::string keys, master_key, key_copy;  // as in Config; empty: not set
};

// Without a file: what the environment says. Other settings in the file do not matter.
Result<CommandConfig> load_command_config(const std::string& config_file);

}  // namespace wenyuan::app
