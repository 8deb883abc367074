// What of a request is signed: RFC 9421, section 2.5.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/identity/signature_fields.h"

namespace wenyuan::auth {

// A request as it came, before anything was decoded.
struct SignedRequest {
  std::string method;
  std::string scheme = "http";
  std::string authority;  // the Host header
  std::string target;     // path and query
  std::vector<std::pair<std::string, std::string>> headers;
};

// invalid_argument when the request lacks a component, or has one that cannot be signed.
Result<std::string> signature_base(const SignedRequest& request, const SignatureInput& input);

}  // namespace wenyuan::auth
