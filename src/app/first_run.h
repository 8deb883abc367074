// What a start needs once: the data directory, the first administrator, words for people.
#pragma once

#include <string>

#include "app/config.h"
#include "app/models.h"
#include "auth/identities.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::app {

// The new administrator's key, when one was made up; empty when there are users already, or when
// the configuration names the key. A key in the configuration is set on every start, so that it
// can be changed there.
Result<std::string> ensure_administrator(store::Database& database,
                                         const auth::Identities& identities, const Config& config,
                                         const Clock& clock);

// Says on stdout where the server is, what is missing, and the new administrator's key.
void print_start(const Config& config, int port, const ChosenModels& models,
                 const std::string& key);

// Closed to everybody else. unavailable says why it cannot be made.
Status make_data_directory(const std::filesystem::path& path);

}  // namespace wenyuan::app
