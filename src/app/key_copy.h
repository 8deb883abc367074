// The copy of the erasure secrets that a server keeps: where it may lie, and how it is.
#pragma once

#include <functional>

#include "app/config.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::app {

// invalid_argument when key_copy is in the data directory, in its keys or in its backup: whoever
// has one of those should not have this, and what destroys one should leave it.
Status check_key_copy(const Config& config);

// Takes up a copy that was away and is back. Called now and then.
void look_at_key_copy(const store::Database& database);
// As api::ApiOptions::key_copy_ready wants it; empty when there is no copy.
std::function<Status()> key_copy_health(const store::Database& database);

}  // namespace wenyuan::app
