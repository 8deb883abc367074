// What must not come back to life when an older state of the store is restored.
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

// Ends all sessions and sign-ins on their way, some of which may have been ended since, and makes
// every permit stale. Keys and grants that were withdrawn since are there again: that is for people
// to look through.
Status end_sessions_of_the_past(store::Transaction& tx);

}  // namespace wenyuan::auth
