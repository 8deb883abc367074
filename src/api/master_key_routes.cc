// The master key, which is changed here and never shown.
#include "api/call.h"
#include "store/key_rotation.h"

namespace wenyuan::api {
namespace {

Result<http::Response> rotate(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::master_key_rotate));
  WY_RETURN_IF_ERROR(call.record("master_key.rotate"));
  WY_TRY(const store::Rotation rotation, store::rotate_master_key(*call.services.database));
  Json json;
  json["before"] = rotation.before;
  json["after"] = rotation.after;
  json["keys"] = rotation.keys;
  return json_response(200, json);
}

constexpr Route kRoutes[] = {
    {.method = "POST", .path = "/v1/master-key/rotate", .handler = rotate},
};

}  // namespace

std::span<const Route> master_key_routes() { return kRoutes; }

}  // namespace wenyuan::api
