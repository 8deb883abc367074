// How much users and collections may hold and ask.
#include "api/call.h"
#include "auth/identity/quotas.h"

namespace wenyuan::api {
namespace {

Json limit_json(const std::optional<std::int64_t>& limit) {
  return limit ? Json(*limit) : Json(nullptr);
}

Json to_json(const std::string& id, const auth::Quota& quota,
             const std::optional<auth::Usage>& used) {
  Json json;
  json["subject_id"] = id;
  json["storage_bytes"] = limit_json(quota.storage_bytes);
  json["documents"] = limit_json(quota.documents);
  json["questions_per_day"] = limit_json(quota.questions_per_day);
  json["tokens_per_day"] = limit_json(quota.tokens_per_day);
  if (!used) return json;
  json["used"] = {{"storage_bytes", used->storage_bytes},
                  {"documents", used->documents},
                  {"questions_today", used->questions_today},
                  {"tokens_today", used->tokens_today}};
  return json;
}

// One's own, or for administrators anybody's. What a collection holds is not even theirs to know.
Status require_reader(const Call& call, const std::string& id) {
  if (id == call.principal.user_id) return Done{};
  WY_RETURN_IF_ERROR(call.require(auth::Duty::quotas_manage));
  return Done{};
}

Status require_subject(Call& call, store::Snapshot& snapshot, const std::string& id) {
  if (id == auth::kEveryUser) return Done{};
  if (id.starts_with("col_")) {
    WY_RETURN_IF_ERROR(store::collection(snapshot, id));
    return Done{};
  }
  WY_RETURN_IF_ERROR(call.services.identities->user(snapshot, id));
  return Done{};
}

Result<http::Response> show(Call& call) {
  const std::string id = call.request.parameter("id");
  WY_RETURN_IF_ERROR(require_reader(call, id));
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(require_subject(call, snapshot, id));
    WY_TRY(const auth::Quota limits, auth::quota(snapshot, id));
    std::optional<auth::Usage> used;
    if (id.starts_with("usr_")) {
      WY_TRY(used, auth::usage(snapshot, id, call.now));
    }
    return json_response(200, to_json(id, limits, used));
  });
}

Result<http::Response> change(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::quotas_manage));
  const std::string id = call.request.parameter("id");
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::Quota wanted;
  wanted.storage_bytes = reader.maybe_integer("storage_bytes", 0, INT64_MAX);
  wanted.documents = reader.maybe_integer("documents", 0, INT64_MAX);
  wanted.questions_per_day = reader.maybe_integer("questions_per_day", 0, INT64_MAX);
  wanted.tokens_per_day = reader.maybe_integer("tokens_per_day", 0, INT64_MAX);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(require_subject(call, tx, id));
    WY_RETURN_IF_ERROR(auth::set_quota(tx, id, wanted));
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "quota.change"));
    return json_response(200, to_json(id, wanted, std::nullopt));
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/quotas/{id}", .handler = show, .action = "quota.read"},
    {.method = "PUT", .path = "/v1/quotas/{id}", .handler = change, .body = Body::json},
};

}  // namespace

std::span<const Route> quota_routes() { return kRoutes; }

}  // namespace wenyuan::api
