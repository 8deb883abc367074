// Lets a request read under break-glass when it says so.
#pragma once

#include "api/call.h"

namespace wenyuan::api {

// With the header Break-Glass: ID, the rest of the request reads the personal collections that the
// access opens and nothing else, and is on record before it reads anything. forbidden when the
// access is not in force for the one who asks, or the route does more than read. Without the header
// nothing happens: what break-glass opens never comes into ordinary requests.
Status enter_break_glass(Call& call, const Route& route);

}  // namespace wenyuan::api
