// Why something could not be done.
#pragma once

#include <string>
#include <string_view>

namespace wenyuan {

// Each code is one answer to "what should the caller do now?". The names are also the wire names
// in schema/openapi.yaml, so a new code is a change of the public API.
enum class ErrorCode {
  invalid_argument,   // the request is wrong; sending it again will not help
  unauthenticated,    // say who you are first
  forbidden,          // the caller may not do this
  not_found,          // no such thing, or the caller may not know of it
  conflict,           // somebody changed it first (or a permit is stale); read again, then retry
  too_large,          // over a limit that the message names
  unsupported_media,  // a kind of file or text that we cannot read
  rate_limited,       // too many requests; retry later
  unavailable,        // a part is down or full; retry later
  cancelled,          // the caller went away or asked to stop
  corrupt,            // stored bytes are not what was written
  internal,           // a bug here
};

// The wire name: "invalid_argument", …
std::string_view name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  // one sentence for a person; never document text, never a secret
};

// Adds context on the way up: "import report.pdf: page 3: not UTF-8".
Error within(std::string_view context, Error error);

}  // namespace wenyuan
