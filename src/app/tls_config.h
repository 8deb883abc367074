// Reads how TLS is done, and whom client certificates stand for, from the settings.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace wenyuan::app {

// The table [tls]; nothing without one. Unknown settings are errors, and so are those that would
// have no effect.
Result<std::optional<TlsConfig>> read_tls_config(const toml::table& table, const std::string& file);

}  // namespace wenyuan::app
