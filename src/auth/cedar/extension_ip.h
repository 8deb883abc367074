// Questions that the methods of ipaddr ask.
#pragma once

#include "auth/cedar/extension_value.h"

namespace wenyuan::auth::cedar {

// All of the range is in 127.0.0.0/8, or it is ::1 alone.
bool is_loopback(const IpAddress& address);
// All of the range is in 224.0.0.0/4, or in ff00::/8.
bool is_multicast(const IpAddress& address);
// Never true between IPv4 and IPv6.
bool is_in_range(const IpAddress& inner, const IpAddress& outer);

}  // namespace wenyuan::auth::cedar
