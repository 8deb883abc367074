#include "api/once.h"

#include "base/sha256.h"
#include "store/idempotency_store.h"

namespace wenyuan::api {
namespace {

http::Response remembered_response(const store::Remembered& remembered) {
  http::Response response =
      http::make_response(remembered.status, "application/json", remembered.body);
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Idempotency-Replayed", "true");
  return response;
}

}  // namespace

Result<http::Response> write_once(
    Call& call, std::string_view request_text,
    const std::function<Result<http::Response>(store::Transaction&)>& work) {
  const std::string* key = call.request.headers.find("Idempotency-Key");
  if (key == nullptr) return call.write(work);
  if (key->empty() || key->size() > store::kIdempotencyKeySizeMax) {
    return Error{ErrorCode::invalid_argument, "Idempotency-Key must be 1 to 255 bytes"};
  }
  const std::string hash =
      sha256_hex(call.request.method + "\n" + call.request.path + "\n" + std::string(request_text));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auto known, store::find(tx, call.principal.user_id, *key, call.now));
    if (known && known->request_hash != hash) {
      return Error{ErrorCode::conflict, "This Idempotency-Key was used for another request"};
    }
    if (known) {
      WY_RETURN_IF_ERROR(call.record(tx, "replay"));
      return remembered_response(*known);
    }
    WY_TRY(http::Response response, work(tx));
    WY_RETURN_IF_ERROR(store::remember(tx, call.principal.user_id, *key,
                                       {hash, response.status, response.body}, call.now));
    return response;
  });
}

}  // namespace wenyuan::api
