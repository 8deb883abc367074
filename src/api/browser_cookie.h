// The cookie in which the page keeps its session, where no script can read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "base/clock.h"

namespace wenyuan::api {

// The first cookie with this name; empty when there is none.
std::string cookie_value(const http::Request& request, std::string_view name);

// The session's token; empty when there is none. Over TLS only a cookie counts that this host alone
// can have set.
std::string session_cookie(const http::Request& request);

// Set-Cookie for a session that begins. Marked Secure when the browser came by https, to us or to a
// proxy before us.
std::string set_session_cookie(const http::Request& request, std::string_view token);
// Set-Cookie that takes it away.
std::string end_session_cookie(const http::Request& request);

}  // namespace wenyuan::api
