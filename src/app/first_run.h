// Makes the first administrator of an empty store.
#pragma once

#include <string>

#include "app/config.h"
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

}  // namespace wenyuan::app
