#include "api/same_origin.h"

#include "base/text.h"

namespace wenyuan::api {
namespace {

bool only_reads(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// Behind a proxy that ends TLS we cannot know the scheme, so it may be either.
bool is_ours(const http::Request& request, std::string_view origin) {
  const std::string* const host = request.headers.find("Host");
  if (host == nullptr || host->empty()) return false;
  const std::string own = to_lower_ascii(*host);
  const std::string theirs = to_lower_ascii(origin);
  if (theirs == "https://" + own) return true;
  return !request.secure && theirs == "http://" + own;
}

}  // namespace

bool is_from_elsewhere(const http::Request& request) {
  if (const std::string* const site = request.headers.find("Sec-Fetch-Site")) {
    // "none": an address that was typed, or a bookmark.
    return *site != "same-origin" && !(*site == "none" && only_reads(request));
  }
  const std::string* const origin = request.headers.find("Origin");
  return origin != nullptr && !is_ours(request, *origin);
}

bool is_from_our_page(const http::Request& request) {
  const bool says_where = request.headers.find("Sec-Fetch-Site") != nullptr ||
                          request.headers.find("Origin") != nullptr;
  return says_where && !is_from_elsewhere(request);
}

}  // namespace wenyuan::api
