#include "api/call.h"
#include "api/wire.h"
#include "auth/roles.h"

namespace wenyuan::api {
namespace {

constexpr std::int64_t kExpiresInMax = std::int64_t{10} * 366 * 24 * 60 * 60;

// Whose keys: one's own, or for an administrator anybody's.
Result<std::string> owner_of(const Call& call, const std::string& wanted) {
  if (wanted.empty() || wanted == call.principal.user_id) return call.principal.user_id;
  WY_RETURN_IF_ERROR(call.require(auth::Duty::credentials_manage));
  return wanted;
}

Result<http::Response> list_keys(Call& call) {
  WY_TRY(const std::string user_id, owner_of(call, call.query_text("user_id")));
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note_object(user_id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(call.services.identities->user(snapshot, user_id));
    WY_TRY(const auto keys, call.services.identities->keys(snapshot, user_id));
    return json_response(200,
                         list_json(keys, "", [](const auth::ApiKey& key) { return to_json(key); }));
  });
}

// The answer holds the key itself, so it is not kept for an Idempotency-Key.
Result<http::Response> add_key(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string key_name = reader.text("name", {1, 256});
  const auto scopes = reader.maybe_texts("scopes", 32, {1, 64})
                          .value_or(std::vector<std::string>(call.principal.scopes));
  const auto expires_in = reader.maybe_integer("expires_in", 1, kExpiresInMax);
  const std::string wanted_owner = reader.maybe_text("user_id", {1, 64}).value_or("");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(const std::string user_id, owner_of(call, wanted_owner));
  WY_RETURN_IF_ERROR(call.require_scopes(scopes));
  std::optional<UnixMillis> expires_at;
  if (expires_in) expires_at = call.now + *expires_in * 1000;
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::check_outranks(tx, call.principal, user_id));
    WY_TRY(const auth::NewKey made,
           call.services.identities->add_key(tx, user_id, key_name, scopes, expires_at, call.now));
    call.note_object(made.info.id);
    call.note("user", user_id);
    call.note("scopes", made.info.scopes);
    WY_RETURN_IF_ERROR(call.record(tx, "key.add"));
    Json json = to_json(made.info);
    json["key"] = made.key;
    return json_response(201, json);
  });
}

Result<http::Response> remove_key(Call& call) {
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::ApiKey key, call.services.identities->key(tx, id));
    const bool manages = call.principal.may(auth::Duty::credentials_manage);
    if (key.user_id != call.principal.user_id && !manages) {
      return Error{ErrorCode::not_found, "There is no such key"};
    }
    if (id != call.principal.key_id && !manages) {
      WY_RETURN_IF_ERROR(call.require_scopes(key.scopes));
    }
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "key.remove"));
    WY_RETURN_IF_ERROR(call.services.identities->remove_key(tx, id));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/api-keys", .handler = list_keys, .action = "key.list"},
    {.method = "POST", .path = "/v1/api-keys", .handler = add_key, .body = Body::json},
    {.method = "DELETE", .path = "/v1/api-keys/{id}", .handler = remove_key},
};

}  // namespace

std::span<const Route> key_routes() { return kRoutes; }

}  // namespace wenyuan::api
