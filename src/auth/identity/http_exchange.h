// How auth reaches an identity provider, whatever carries the request.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace wenyuan::auth {

struct OutgoingRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string content_type;
};

struct OutgoingReply {
  int status = 0;
  std::string content_type;
  std::string body;
};

// The only addresses that may be asked: scheme, host and port of each configured provider.
// Redirects are not followed, so nobody can be sent elsewhere.
class EgressPolicy {
 public:
  // invalid_argument for what is no http or https address. http only for this machine, unless
  // `insecure_http` (for tests and for a proxy on a private line).
  static Result<EgressPolicy> allow(const std::vector<std::string>& addresses,
                                    bool insecure_http = false);
  bool permits(std::string_view url) const;

 private:
  std::vector<std::string> origins_;  // "https://host:port"
};

// "https://host:port" in small letters, port always there; nothing for user names, spaces, other
// schemes and whatever else could be read in two ways.
Result<std::string> origin_of(std::string_view url);

// Thread-safe.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  // unavailable when nobody answers in time, forbidden when the policy does not permit the address,
  // too_large over 1 MiB. Any status is a reply; redirects are not followed.
  virtual Result<OutgoingReply> send(const OutgoingRequest& request) = 0;
};

// application/x-www-form-urlencoded.
std::string form_encoded(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace wenyuan::auth
