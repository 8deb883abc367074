// Signing in by password, going on with a refresh token, signing out; sessions, and who am I.
#include <algorithm>

#include "api/browser_cookie.h"
#include "api/call.h"
#include "api/sign_in_answers.h"
#include "api/wire.h"
#include "auth/credential_kind.h"

namespace wenyuan::api {
namespace {

Result<http::Response> sign_in(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::SignInAttempt attempt;
  attempt.username = reader.text("username", {1, 256});
  attempt.password = reader.text("password", {1, 1024});
  attempt.code = reader.maybe_text("totp", {0, 64}).value_or("");
  WY_TRY(attempt.in_browser, wants_cookie(call, reader));
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_RETURN_IF_ERROR(take_sign_in_token(call));
  attempt.address = call.request.remote_address;
  attempt.client = client_of(call);
  call.principal = {};  // whoever's key came along: this is about the password
  WY_TRY(const auth::SignInOutcome outcome,
         call.services.sign_in->by_password(
             attempt, call.now, [&](store::Transaction& tx, const auth::SessionTokens& tokens) {
               return record_sign_in(call, tx, tokens);
             }));
  WY_RETURN_IF_ERROR(refused_sign_in(call, outcome, "totp"));
  return signed_in(call, *outcome.tokens, attempt.in_browser, outcome.second_factor_missing);
}

Result<http::Response> refresh(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string token = reader.text("refresh_token", {1, 256});
  WY_RETURN_IF_ERROR(status(call.field_errors));
  call.principal = {};
  using Outcome = auth::Exchanged::Outcome;
  WY_TRY(
      const auth::Exchanged exchanged,
      call.services.database->write([&](store::Transaction& tx) -> Result<auth::Exchanged> {
        WY_TRY(auth::Exchanged made,
               call.services.sign_in->sessions().exchange(tx, token, call.now));
        if (made.outcome == Outcome::wrong) return made;
        call.principal.user_id = made.user_id;
        call.principal.key_id = made.session_id;
        call.note_object(made.session_id);
        const bool good = made.outcome == Outcome::renewed;
        WY_RETURN_IF_ERROR(call.record(tx, good ? "auth.refresh" : "auth.refresh_reused",
                                       good ? audit::Outcome::allowed : audit::Outcome::refused));
        return made;
      }));
  if (exchanged.outcome == Outcome::renewed) {
    return json_response(200, tokens_json(*exchanged.tokens, call.now));
  }
  return Error{ErrorCode::unauthenticated, "The refresh token is not valid; sign in again"};
}

// Where the browser can sign out at the provider that vouched, too; empty when there is no such
// place.
std::string sign_out_there(const Call& call, const auth::Session& session) {
  if (call.services.single_sign_on == nullptr) return {};
  for (auth::Provider* one : call.services.single_sign_on->providers()) {
    if (auth::provider_name(one->config()) == session.method) return one->end_session(call.now);
  }
  return {};
}

Result<http::Response> sign_out(Call& call) {
  const std::string& id = call.principal.key_id;
  if (!id.starts_with(auth::kSessionIdHead)) {
    return Error{ErrorCode::conflict,
                 "This is not a session; to end a key, DELETE /v1/api-keys/{id}"};
  }
  WY_TRY(const auth::Session session,
         call.write([&](store::Transaction& tx) -> Result<auth::Session> {
           WY_TRY(auth::Session ended, call.services.sign_in->sessions().session(tx, id, call.now));
           WY_RETURN_IF_ERROR(call.services.sign_in->sessions().end(tx, id));
           call.note_object(call.principal.user_id);
           WY_RETURN_IF_ERROR(call.record(tx, "auth.sign_out"));
           return ended;
         }));
  const std::string there = sign_out_there(call, session);
  http::Response response =
      there.empty() ? no_content() : json_response(200, {{"provider_sign_out", there}});
  if (call.by_cookie()) {
    response.headers.add("Set-Cookie", end_session_cookie(call.request));
  }
  return response;
}

Json to_json(const auth::Session& session, const std::string& current_id) {
  Json json;
  json["id"] = session.id;
  json["user_id"] = session.user_id;
  json["method"] = session.method;
  json["second_factor"] = session.second_factor;
  json["address"] = session.address;
  json["client"] = session.client;
  json["current"] = session.id == current_id;
  json["created_at"] = rfc3339(session.created_at);
  json["refreshed_at"] = rfc3339(session.refreshed_at);
  json["expires_at"] = rfc3339(session.expires_at);
  return json;
}

// Whose sessions: one's own, or for an administrator anybody's.
Result<std::string> owner_of(Call& call) {
  const std::string wanted = call.query_text("user_id");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  if (wanted.empty() || wanted == call.principal.user_id) return call.principal.user_id;
  WY_RETURN_IF_ERROR(call.require(auth::Duty::credentials_manage));
  return wanted;
}

Result<http::Response> list_sessions(Call& call) {
  WY_TRY(const std::string user_id, owner_of(call));
  call.note_object(user_id);
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(call.services.identities->user(snapshot, user_id));
    WY_TRY(const auto sessions,
           call.services.sign_in->sessions().sessions(snapshot, user_id, call.now));
    return json_response(200, list_json(sessions, "", [&](const auth::Session& session) {
                           return to_json(session, call.principal.key_id);
                         }));
  });
}

// A session opens everything that its user may do.
Status require_all_scopes(const Call& call) {
  if (call.principal.may(auth::Duty::credentials_manage)) return Done{};
  return call.require_scopes({"*"});
}

// The session from which it is asked stays.
Result<http::Response> end_sessions(Call& call) {
  WY_TRY(const std::string user_id, owner_of(call));
  WY_RETURN_IF_ERROR(require_all_scopes(call));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(call.services.identities->user(tx, user_id));
    WY_TRY(const std::int64_t count,
           call.services.sign_in->sessions().end_all(tx, user_id, call.principal.key_id));
    call.note_object(user_id);
    call.note("sessions", count);
    WY_RETURN_IF_ERROR(call.record(tx, "session.end_all"));
    return no_content();
  });
}

Result<http::Response> end_session(Call& call) {
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::Session session,
           call.services.sign_in->sessions().session(tx, id, call.now));
    if (session.user_id != call.principal.user_id &&
        !call.principal.may(auth::Duty::credentials_manage)) {
      return Error{ErrorCode::not_found, "There is no such session"};
    }
    WY_RETURN_IF_ERROR(require_all_scopes(call));
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "session.end"));
    WY_RETURN_IF_ERROR(call.services.sign_in->sessions().end(tx, id));
    return no_content();
  });
}

// Null when it is none.
Result<Json> own_session(const Call& call, store::Snapshot& snapshot) {
  const std::string& id = call.principal.key_id;
  if (!id.starts_with(auth::kSessionIdHead)) return Json(nullptr);
  WY_TRY(const auth::Session session,
         call.services.sign_in->sessions().session(snapshot, id, call.now));
  return to_json(session, id);
}

Result<http::Response> who_am_i(Call& call) {
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::User user, call.services.identities->user(snapshot, call.principal.user_id));
    call.note_object(user.id);
    Json json = api::to_json(user);
    json["groups"] = Json::array();
    WY_TRY(const auto direct, auth::direct_groups_of(snapshot, user.id));
    for (const std::string& id : call.principal.group_ids) {
      WY_TRY(const auth::Group group, auth::group(snapshot, id));
      json["groups"].push_back({{"id", group.id},
                                {"name", group.name},
                                {"direct", std::ranges::binary_search(direct, id)}});
    }
    json["key_id"] = call.principal.key_id;
    json["scopes"] = call.principal.scopes;
    json["credential"] = auth::credential_kind(call.principal.key_id);
    WY_TRY(json["session"], own_session(call, snapshot));
    json["may"] = Json::array();
    for (const std::string_view scope : auth::kScopes) {
      if (scope == "*" || !call.principal.has_scope(scope)) continue;
      if (scope != "admin") json["may"].push_back(scope);
    }
    for (const std::string& role : call.principal.roles) {
      if (call.principal.acts_as(role)) json["may"].push_back(role);
    }
    json["duties"] = call.principal.has_scope("admin") ? call.principal.duties.names()
                                                       : std::vector<std::string>();
    WY_TRY(const auth::SecondFactorState factors,
           call.services.sign_in->second_factors().state(snapshot, user.id));
    json["second_factor"] = {{"totp", factors.totp},
                             {"recovery_codes_left", factors.recovery_codes_left}};
    return json_response(200, json);
  });
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/auth/login",
     .handler = sign_in,
     .body = Body::json,
     .access = Access::open},
    {.method = "POST",
     .path = "/v1/auth/refresh",
     .handler = refresh,
     .body = Body::json,
     .access = Access::open},
    {.method = "POST", .path = "/v1/auth/logout", .handler = sign_out},
    {.method = "GET", .path = "/v1/sessions", .handler = list_sessions, .action = "session.list"},
    {.method = "DELETE", .path = "/v1/sessions", .handler = end_sessions},
    {.method = "DELETE", .path = "/v1/sessions/{id}", .handler = end_session},
    {.method = "GET", .path = "/v1/me", .handler = who_am_i, .action = "me.read"},
};

}  // namespace

std::span<const Route> session_routes() { return kRoutes; }

}  // namespace wenyuan::api
