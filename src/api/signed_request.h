// A request in the form in which auth checks its signature.
#pragma once

#include "api/http_message.h"
#include "auth/identity/request_signatures.h"

namespace wenyuan::api {

auth::SignedRequest as_signed(const http::Request& request);

// Reading the body fails in the end when it is not the one that was signed.
void check_body(http::Request& request, auth::BodyDigest digest);

}  // namespace wenyuan::api
