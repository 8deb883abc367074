// Keys under which programs sign their requests.

#include "api/call.h"
#include "api/wire.h"
#include "auth/identity/request_signatures.h"
#include "auth/roles.h"

namespace wenyuan::api {
namespace {

constexpr std::int64_t kExpiresInMax = std::int64_t{10} * 366 * 24 * 60 * 60;

Json to_json(const auth::RequestCredential& credential) {
  Json json;
  json["id"] = credential.id;
  json["user_id"] = credential.user_id;
  json["name"] = credential.name;
  json["kind"] = auth::name(credential.kind);
  json["scopes"] = credential.scopes;
  json["expires_at"] = time_or_null(credential.expires_at);
  json["created_at"] = rfc3339(credential.created_at);
  return json;
}

const auth::RequestCredentials& credentials(const Call& call) {
  return call.services.request_signatures->credentials();
}

// Whose: one's own, or for an administrator anybody's.
Result<std::string> owner_of(const Call& call, const std::string& wanted) {
  if (wanted.empty() || wanted == call.principal.user_id) return call.principal.user_id;
  WY_RETURN_IF_ERROR(call.require(auth::Duty::credentials_manage));
  return wanted;
}

Result<http::Response> list_request_keys(Call& call) {
  WY_TRY(const std::string user_id, owner_of(call, call.query_text("user_id")));
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.note_object(user_id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(call.services.identities->user(snapshot, user_id));
    WY_TRY(const auto all, credentials(call).credentials(snapshot, user_id));
    return json_response(
        200, list_json(all, "", [](const auth::RequestCredential& one) { return to_json(one); }));
  });
}

Result<auth::RequestCredential> read_wanted(Call& call, ObjectReader& reader) {
  auth::RequestCredential wanted;
  wanted.name = reader.text("name", {1, 256});
  const std::string kind = reader.text("kind", {1, 64});
  const auto known = auth::signing_kind(kind);
  if (!known) {
    reader.complain("kind", "must be ed25519, ecdsa-p256-sha256, rsa-pss-sha512 or hmac-sha256");
  }
  wanted.kind = known.value_or(auth::SigningKind::ed25519);
  wanted.scopes = reader.maybe_texts("scopes", 32, {1, 64})
                      .value_or(std::vector<std::string>(call.principal.scopes));
  const auto expires_in = reader.maybe_integer("expires_in", 1, kExpiresInMax);
  if (expires_in) wanted.expires_at = call.now + *expires_in * 1000;
  const std::string owner = reader.maybe_text("user_id", {1, 64}).value_or("");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(wanted.user_id, owner_of(call, owner));
  return wanted;
}

Result<http::Response> add_request_key(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string public_key = reader.maybe_text("public_key", {1, 16384}).value_or("");
  WY_TRY(const auth::RequestCredential wanted, read_wanted(call, reader));
  WY_RETURN_IF_ERROR(call.require_scopes(wanted.scopes));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::check_outranks(tx, call.principal, wanted.user_id));
    WY_TRY(const auth::NewRequestCredential made,
           credentials(call).add(tx, wanted, public_key, call.now));
    call.note_object(made.info.id);
    call.note("user", made.info.user_id);
    call.note("scopes", made.info.scopes);
    WY_RETURN_IF_ERROR(call.record(tx, "request_key.add"));
    Json json = to_json(made.info);
    json["secret"] = text_or_null(made.secret);
    return json_response(201, json);
  });
}

Result<http::Response> remove_request_key(Call& call) {
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::RequestCredential key, credentials(call).credential(tx, id));
    const bool manages = call.principal.may(auth::Duty::credentials_manage);
    if (key.user_id != call.principal.user_id && !manages) {
      return Error{ErrorCode::not_found, "There is no such request key"};
    }
    if (id != call.principal.key_id && !manages) {
      WY_RETURN_IF_ERROR(call.require_scopes(key.scopes));
    }
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "request_key.remove"));
    WY_RETURN_IF_ERROR(credentials(call).remove(tx, id));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/request-keys",
     .handler = list_request_keys,
     .action = "request_key.list"},
    {.method = "POST", .path = "/v1/request-keys", .handler = add_request_key, .body = Body::json},
    {.method = "DELETE", .path = "/v1/request-keys/{id}", .handler = remove_request_key},
};

}  // namespace

std::span<const Route> request_key_routes() { return kRoutes; }

}  // namespace wenyuan::api
