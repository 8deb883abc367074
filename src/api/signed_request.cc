#include "api/signed_request.h"

#include <memory>

namespace wenyuan::api {

auth::SignedRequest as_signed(const http::Request& request) {
  auth::SignedRequest sent;
  sent.method = request.method;
  sent.target = request.target;
  if (const std::string* host = request.headers.find("Host")) sent.authority = *host;
  for (const auto& [name, value] : request.headers) sent.headers.emplace_back(name, value);
  return sent;
}

void check_body(http::Request& request, auth::BodyDigest digest) {
  request.body_source = [source = std::move(request.body_source),
                         shared = std::make_shared<auth::BodyDigest>(std::move(digest))](
                            const http::TakeBytes& take) -> Status {
    const Status read = source([&](std::string_view piece) -> Status {
      shared->update(piece);
      return take(piece);
    });
    return read ? shared->finish() : read;
  };
}

}  // namespace wenyuan::api
