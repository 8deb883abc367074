// How an object store is reached, whatever carries the request.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace wenyuan::backup {

struct TransportRequest {
  std::string method;
  std::string target;  // path and query, encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
  std::size_t reply_max = 0;  // bytes of the answer's body
};

struct TransportReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in small letters
  std::string body;

  // Empty when there is none.
  std::string_view header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
      if (known == name) return value;
    }
    return {};
  }
};

// Speaks to one address, which it was made for, and to no other: redirects are not followed.
// Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // unavailable when nobody answers in time or the answer is cut off, too_large above reply_max.
  // Any status is a reply.
  virtual Result<TransportReply> send(const TransportRequest& request) = 0;
};

}  // namespace wenyuan::backup
