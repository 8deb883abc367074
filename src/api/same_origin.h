// Tells requests of our own page, and of programs, from those that another site had a browser send.
#pragma once

#include <string>
#include <string_view>

#include "api/http_message.h"

namespace wenyuan::api {

// Cookies and client certificates come along with requests that somebody else's page begins, so
// they count only when this is false. Goes by Sec-Fetch-Site, which scripts cannot set, and without
// it by Origin. A request that has neither is a program's.
bool is_from_elsewhere(const http::Request& request);

// Whether a browser said where the request came from, and that it is this origin.
bool is_from_our_page(const http::Request& request);

}  // namespace wenyuan::api
