// Signing in by password, signing out, and who am I.
#include <algorithm>

#include "api/call.h"
#include "api/wire.h"

namespace wenyuan::api {
namespace {

constexpr std::string_view kSessionName = "session";
constexpr UnixMillis kSessionTime = UnixMillis{12} * 60 * 60 * 1000;

// A guesser is slowed down by address and by name, long before hashing becomes the brake.
Status take_sign_in_token(Call& call, const std::string& username) {
  const auto now = std::chrono::steady_clock::now();
  for (const std::string& who : {"address:" + call.request.remote_address, "name:" + username}) {
    if (!call.shared.sign_in_limiter.take(who, now).allowed) {
      return Error{ErrorCode::rate_limited, "Too many attempts to sign in: wait a while"};
    }
  }
  return Done{};
}

Status remove_ended_sessions(Call& call, store::Transaction& tx, const std::string& user_id) {
  WY_TRY(const auto keys, call.services.identities->keys(tx, user_id));
  for (const auth::ApiKey& key : keys) {
    if (key.name != kSessionName || !key.expires_at || *key.expires_at > call.now) continue;
    WY_RETURN_IF_ERROR(call.services.identities->remove_key(tx, key.id));
  }
  return Done{};
}

Result<http::Response> sign_in(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string username = reader.text("username", {1, 256});
  const std::string password = reader.text("password", {1, 1024});
  reader.refuse("totp", "is not supported by this version");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_RETURN_IF_ERROR(take_sign_in_token(call, username));
  call.principal = {};  // whoever's key came along: this is about the password
  auto found =
      call.services.identities->authenticate_password(*call.services.database, username, password);
  if (!found) {
    if (found.error().code != ErrorCode::unauthenticated) return found.error();
    return Error{ErrorCode::unauthenticated, "User name or password are wrong"};
  }
  const std::string user_id = found->user_id;
  WY_TRY(const auth::NewKey made,
         call.services.database->write([&](store::Transaction& tx) -> Result<auth::NewKey> {
           WY_RETURN_IF_ERROR(remove_ended_sessions(call, tx, user_id));
           WY_TRY(auth::NewKey key,
                  call.services.identities->add_key(tx, user_id, std::string(kSessionName), {"*"},
                                                    call.now + kSessionTime, call.now));
           call.principal = *found;
           call.principal.key_id = key.info.id;
           call.note_object(user_id);
           WY_RETURN_IF_ERROR(call.record(tx, "auth.sign_in"));
           return key;
         }));
  Json json;
  json["access_token"] = made.key;
  json["token_type"] = "Bearer";
  json["expires_in"] = kSessionTime / 1000;
  return json_response(200, json);
}

Result<http::Response> sign_out(Call& call) {
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::ApiKey key, call.services.identities->key(tx, call.principal.key_id));
    if (key.name != kSessionName || !key.expires_at) {
      return Error{ErrorCode::conflict,
                   "This key is not a session; to end it, DELETE /v1/api-keys/" + key.id};
    }
    WY_RETURN_IF_ERROR(call.services.identities->remove_key(tx, key.id));
    call.note_object(call.principal.user_id);
    WY_RETURN_IF_ERROR(call.record(tx, "auth.sign_out"));
    return no_content();
  });
}

Result<http::Response> who_am_i(Call& call) {
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::User user, call.services.identities->user(snapshot, call.principal.user_id));
    call.note_object(user.id);
    Json json = to_json(user);
    json["groups"] = Json::array();
    for (const std::string& id : call.principal.group_ids) {
      WY_TRY(const auth::Group group, auth::group(snapshot, id));
      json["groups"].push_back({{"id", group.id}, {"name", group.name}});
    }
    json["key_id"] = call.principal.key_id;
    json["scopes"] = call.principal.scopes;
    json["may"] = Json::array();
    for (const std::string_view scope : auth::kScopes) {
      if (scope == "*" || !call.principal.has_scope(scope)) continue;
      if (scope != "admin") json["may"].push_back(scope);
    }
    for (const std::string& role : call.principal.roles) {
      if (call.principal.acts_as(role)) json["may"].push_back(role);
    }
    return json_response(200, json);
  });
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/auth/login",
     .handler = sign_in,
     .body = Body::json,
     .access = Access::open},
    {.method = "POST", .path = "/v1/auth/logout", .handler = sign_out},
    {.method = "GET", .path = "/v1/me", .handler = who_am_i, .action = "me.read"},
};

}  // namespace

std::span<const Route> session_routes() { return kRoutes; }

}  // namespace wenyuan::api
