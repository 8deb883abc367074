#include "api/browser_cookie.h"

#include "api/same_origin.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

// Browsers take a name with this prefix from this host alone, over https, for all of its paths.
constexpr std::string_view kSecureName = "__Host-wenyuan_session";
constexpr std::string_view kPlainName = "wenyuan_session";

bool came_by_https(const http::Request& request) {
  if (request.secure) return true;
  const std::string* const origin = request.headers.find("Origin");
  return origin != nullptr && origin->starts_with("https://");
}

std::string set_cookie(const http::Request& request, std::string_view value,
                       std::string_view more) {
  const bool secure = came_by_https(request);
  std::string text(secure ? kSecureName : kPlainName);
  text.append("=").append(value).append("; Path=/; HttpOnly; SameSite=Strict").append(more);
  if (secure) text.append("; Secure");
  return text;
}

}  // namespace

std::string cookie_value(const http::Request& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (!http::same_name(header, "Cookie")) continue;
    for (const std::string_view part : split(value, ';')) {
      const std::string_view one = trim(part);
      const std::size_t equals = one.find('=');
      if (equals != std::string_view::npos && one.substr(0, equals) == name) {
        return std::string(one.substr(equals + 1));
      }
    }
  }
  return {};
}

std::string session_cookie(const http::Request& request) {
  std::string token = cookie_value(request, kSecureName);
  const bool over_https = request.secure || (came_by_https(request) && is_from_our_page(request));
  if (token.empty() && !over_https) token = cookie_value(request, kPlainName);
  return token;
}

std::string set_session_cookie(const http::Request& request, std::string_view token) {
  return set_cookie(request, token, "");
}

std::string end_session_cookie(const http::Request& request) {
  return set_cookie(request, "", "; Max-Age=0");
}

}  // namespace wenyuan::api
