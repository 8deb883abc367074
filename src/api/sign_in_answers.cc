#include "api/sign_in_answers.h"

#include "api/browser_cookie.h"
#include "api/same_origin.h"
#include "auth/user_rows.h"

namespace wenyuan::api {
namespace {

// How long after signing in somebody without a password counts as the one who did.
constexpr UnixMillis kFreshMs = UnixMillis{10} * 60 * 1000;

}  // namespace

Status take_sign_in_token(Call& call) {
  const auto verdict = call.shared.sign_in_limiter.take("address:" + call.request.remote_address,
                                                        std::chrono::steady_clock::now());
  if (verdict.allowed) return Done{};
  call.retry_after = verdict.retry_in;
  return Error{ErrorCode::rate_limited, "Too many attempts to sign in: wait a while"};
}

std::string client_of(const Call& call) {
  const std::string* client = call.request.headers.find("User-Agent");
  return client == nullptr ? std::string() : *client;
}

Status record_sign_in(Call& call, store::Transaction& tx, const auth::SessionTokens& tokens) {
  WY_TRY(call.principal, call.services.identities->principal(tx, tokens.session.user_id));
  call.principal.key_id = tokens.session.id;
  call.note_object(tokens.session.user_id);
  call.note_personal("username", call.principal.username);
  call.note("method", tokens.session.method);
  call.note("second_factor", tokens.session.second_factor);
  return call.record(tx, "auth.sign_in");
}

Result<bool> narrow_session(Call& call, store::Snapshot& snapshot, const auth::Session& session) {
  WY_TRY(const auto principal, auth::current_principal(snapshot, session.user_id, session.id));
  call.note("second_factor", session.second_factor);
  return principal && !principal->has_scope("admin");
}

Json tokens_json(const auth::SessionTokens& tokens, UnixMillis now) {
  Json json;
  json["access_token"] = tokens.access_token;
  json["token_type"] = "Bearer";
  json["expires_in"] = (tokens.access_expires_at - now) / 1000;
  json["refresh_token"] = tokens.refresh_token;
  json["session_id"] = tokens.session.id;
  json["session_expires_at"] = rfc3339(tokens.session.expires_at);
  return json;
}

Result<bool> wants_cookie(Call& call, ObjectReader& reader) {
  const bool wanted = reader.maybe_flag("browser").value_or(false);
  if (wanted && !is_from_our_page(call.request)) {
    return Error{ErrorCode::forbidden, "The request was not begun by this server's page"};
  }
  return wanted;
}

http::Response signed_in(const Call& call, const auth::SessionTokens& tokens, bool in_browser,
                         bool second_factor_required) {
  Json json;
  if (in_browser) {
    json["session_id"] = tokens.session.id;
    json["session_expires_at"] = rfc3339(tokens.session.expires_at);
  } else {
    json = tokens_json(tokens, call.now);
  }
  json["second_factor_required"] = second_factor_required;
  http::Response response = json_response(200, json);
  if (in_browser) {
    response.headers.add("Set-Cookie", set_session_cookie(call.request, tokens.access_token));
  }
  return response;
}

Status refused_sign_in(Call& call, const auth::SignInOutcome& outcome,
                       std::string_view code_field) {
  using Kind = auth::SignInOutcome::Kind;
  const std::string pointer = "/" + std::string(code_field);
  if (!outcome.user_id.empty()) call.note("user", outcome.user_id);
  switch (outcome.kind) {
    case Kind::signed_in: return Done{};
    case Kind::refused: return Error{ErrorCode::unauthenticated, "User name or password are wrong"};
    case Kind::code_needed:
      call.note("why", std::string("second factor missing"));
      call.field_errors.push_back({pointer, "is needed: a code from the app, or a recovery code"});
      return Error{ErrorCode::unauthenticated, "A code of the second factor is needed"};
    case Kind::code_wrong:
      call.note("why", std::string("second factor wrong"));
      call.field_errors.push_back({pointer, "is wrong or was used before"});
      return Error{ErrorCode::unauthenticated, "The code of the second factor is wrong"};
    case Kind::locked: break;
  }
  call.retry_after = std::chrono::seconds((outcome.wait_ms + 999) / 1000);
  WY_RETURN_IF_ERROR(call.record("auth.locked", audit::Outcome::refused));
  return Error{ErrorCode::rate_limited, "Too many attempts to sign in: wait a while"};
}

Status require_owner(Call& call, const auth::User& user, const std::string& password) {
  if (user.has_password) {
    WY_TRY(const auth::SignInOutcome outcome,
           call.services.sign_in->prove_password(user.username, password,
                                                 call.request.remote_address, call.now));
    if (outcome.kind == auth::SignInOutcome::Kind::refused) {
      return Error{ErrorCode::forbidden, "current_password is missing or wrong"};
    }
    return refused_sign_in(call, outcome, "current_password");
  }
  const auto session = call.read([&](store::Snapshot& snapshot) {
    return call.services.sign_in->sessions().session(snapshot, call.principal.key_id, call.now);
  });
  if (session && call.now - session->created_at <= kFreshMs) return Done{};
  return Error{ErrorCode::forbidden, "Sign in again first: this needs a session of ten minutes"};
}

}  // namespace wenyuan::api
