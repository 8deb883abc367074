// Keeps the buckets of rate limiters over a restart.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "api/rate_limiter.h"
#include "base/clock.h"
#include "store/database.h"

namespace wenyuan::api {

using NamedLimiters = std::vector<std::pair<std::string_view, RateLimiter*>>;

// Written when the server stops in good order. After a crash all buckets are full: nobody outside
// can bring that about, and a request must not wait for a write because of it.
void save_buckets(store::Database& database, const NamedLimiters& limiters, UnixMillis now);
// What was saved is taken out; time that has passed since has filled the buckets.
void load_buckets(store::Database& database, const NamedLimiters& limiters, UnixMillis now);

}  // namespace wenyuan::api
