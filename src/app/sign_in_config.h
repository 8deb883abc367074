// Reads who else may vouch for users from the settings.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "auth/identity/provider_config.h"
#include "base/result.h"

namespace wenyuan::app {

struct SignInSources {
  std::vector<auth::ProviderConfig> providers;
  std::vector<auth::GatewayConfig> gateways;
};

// The tables [[sign_in_provider]] and [[gateway]]. Secrets stand in files of their own, which
// nobody else may read. Unknown settings are errors.
Result<SignInSources> read_sign_in_sources(const toml::table& table, const std::string& file);

}  // namespace wenyuan::app
