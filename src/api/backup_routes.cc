// Backups that the server keeps where its settings say.
#include "api/call.h"
#include "backup/shipper.h"

namespace wenyuan::api {
namespace {

Result<backup::Shipper*> shipper_of(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::backups_manage));
  if (call.services.shipper != nullptr) return call.services.shipper;
  return Error{ErrorCode::conflict,
               "No place for backups is set: give the server backup_to, or use wenyuan backup"};
}

Json to_json(const backup::Manifest& manifest) {
  Json json;
  json["id"] = manifest.generation;
  json["created_at"] = rfc3339(manifest.created_at);
  json["commit"] = manifest.commit;
  json["bytes"] = manifest.base_size;
  json["originals"] = manifest.original_count;
  json["audit_size"] = manifest.audit_size;
  return json;
}

Json to_json(const backup::Shipper::State& state) {
  Json json;
  json["generation"] = state.generation.empty() ? Json(nullptr) : Json(state.generation);
  json["to"] = state.to;
  json["segments"] = state.segment_count;
  json["commit"] = state.commit;
  json["commits_behind"] = state.commits_behind;
  json["waiting_bytes"] = state.waiting_size;
  json["shipped_at"] = state.shipped_at ? Json(rfc3339(*state.shipped_at)) : Json(nullptr);
  json["error"] = state.trouble.empty() ? Json(nullptr) : Json(state.trouble);
  return json;
}

Result<http::Response> list_backups(Call& call) {
  WY_TRY(const backup::Shipper* const shipper, shipper_of(call));
  auto generations = shipper->generations();
  // While the place is away, how far behind it is counts all the more.
  if (!generations && generations.error().code == ErrorCode::unavailable) {
    generations = std::vector<backup::Manifest>();
  }
  if (!generations) return generations.error();
  Json json = list_json(*generations, "", [](const auto& each) { return to_json(each); });
  json["shipping"] = to_json(shipper->state());
  return json_response(200, json);
}

Result<http::Response> add_backup(Call& call) {
  WY_TRY(backup::Shipper* const shipper, shipper_of(call));
  WY_TRY(const backup::Manifest made, shipper->begin());
  call.note("generation", made.generation);
  call.note("commit", made.commit);
  WY_RETURN_IF_ERROR(call.record("backup.add"));
  return json_response(201, to_json(made));
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/backups", .handler = list_backups, .action = "backup.list"},
    {.method = "POST", .path = "/v1/backups", .handler = add_backup},
};

}  // namespace

std::span<const Route> backup_routes() { return kRoutes; }

}  // namespace wenyuan::api
