#include "auth/identity/http_exchange.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace wenyuan::auth {
namespace {

Error bad_address() {
  return {ErrorCode::invalid_argument, "an address is https://HOST[:PORT][/PATH]"};
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_this_machine(std::string_view origin) {
  return origin.starts_with("http://127.0.0.1:") || origin.starts_with("http://localhost:") ||
         origin.starts_with("http://[::1]:");
}

// "[::1]" or a name; moves behind it.
std::string_view take_host(std::string_view& rest) {
  std::size_t end = 0;
  if (rest.starts_with('[')) {
    end = rest.find(']');
    if (end == std::string_view::npos) return {};
    ++end;
    const std::string_view inside = rest.substr(1, end - 2);
    if (inside.find_first_not_of("0123456789abcdef:.") != std::string_view::npos) return {};
  } else {
    while (end < rest.size() && is_host_character(rest[end])) ++end;
  }
  const std::string_view host = rest.substr(0, end);
  rest.remove_prefix(end);
  return host;
}

}  // namespace

Result<std::string> origin_of(std::string_view url) {
  if (url.size() > 2048) return bad_address();
  const bool plain = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!plain || url.find('\\') != std::string_view::npos) return bad_address();
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return bad_address();
  const std::string scheme = to_lower_ascii(url.substr(0, colon));
  if (scheme != "https" && scheme != "http") return bad_address();
  const std::size_t start = colon + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", start), url.size());
  const std::string authority = to_lower_ascii(url.substr(start, end - start));
  std::string_view rest = authority;
  const std::string host(take_host(rest));
  if (host.empty()) return bad_address();
  int port = scheme == "https" ? 443 : 80;
  if (!rest.empty()) {
    const char* const last = rest.data() + rest.size();
    const auto [stop, failed] = std::from_chars(rest.data() + 1, last, port);
    if (rest[0] != ':' || failed != std::errc() || stop != last || port < 1 || port > 65535) {
      return bad_address();
    }
  }
  return scheme + "://" + host + ":" + std::to_string(port);
}

Result<EgressPolicy> EgressPolicy::allow(const std::vector<std::string>& addresses,
                                         bool insecure_http) {
  EgressPolicy policy;
  for (const std::string& address : addresses) {
    WY_TRY(std::string origin, origin_of(address));
    if (origin.starts_with("http://") && !insecure_http && !is_this_machine(origin)) {
      return Error{ErrorCode::invalid_argument,
                   address + " is not reached over https: plain http is for this machine alone"};
    }
    policy.origins_.push_back(std::move(origin));
  }
  return policy;
}

bool EgressPolicy::permits(std::string_view url) const {
  const auto origin = origin_of(url);
  return origin && std::ranges::find(origins_, *origin) != origins_.end();
}

std::string form_encoded(const std::vector<std::pair<std::string, std::string>>& fields) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string text;
  const auto append = [&](std::string_view part) {
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
      if (plain) {
        text += c;
      } else {
        text += '%';
        text += kHex[byte >> 4];
        text += kHex[byte & 15];
      }
    }
  };
  for (const auto& [name, value] : fields) {
    if (!text.empty()) text += '&';
    append(name);
    text += '=';
    append(value);
  }
  return text;
}

}  // namespace wenyuan::auth
