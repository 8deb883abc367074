// Signing in at a provider: there, back, and the tokens.
#include "api/browser_cookie.h"
#include "api/call.h"
#include "api/sign_in_answers.h"
#include "api/target.h"
#include "auth/identity/single_sign_on.h"
#include "base/log.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kParameterSizeMax = 4096;
constexpr std::size_t kFormSizeMax = 2 * auth::kJwsSizeMax;

Error no_provider() { return {ErrorCode::not_found, "There is no such sign-in provider"}; }

Result<auth::Provider*> provider_of(const Call& call) {
  auth::Provider* const found =
      call.services.single_sign_on == nullptr
          ? nullptr
          : call.services.single_sign_on->provider(call.request.parameter("provider"));
  if (found == nullptr) return no_provider();
  return found;
}

bool is_https(const auth::Provider& provider) {
  return provider.config().redirect_uri.starts_with("https://");
}

// Browsers let nobody but this host set the one with the prefix.
std::string cookie_name(bool https) { return https ? "__Host-wenyuan_sign_in" : "wenyuan_sign_in"; }

std::string cookie(const Call& call, bool https) {
  return cookie_value(call.request, cookie_name(https));
}

// Lax, because the provider's redirect has to bring it back.
std::string set_cookie(const std::string& value, bool https) {
  std::string text = cookie_name(https) + "=" + value;
  text += "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax";
  if (https) text += "; Secure";
  return text;
}

http::Response redirect(const std::string& address) {
  http::Response response;
  response.status = 303;
  response.headers.set("Location", address);
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

// A browser that shows what it gets: a person is better served by the page than by JSON.
bool is_page(const Call& call) {
  const std::string* const accepted = call.request.headers.find("Accept");
  return accepted != nullptr && accepted->find("text/html") != std::string::npos;
}

Result<http::Response> list_providers(Call& call) {
  Json json;
  json["data"] = Json::array();
  json["next_cursor"] = nullptr;
  if (call.services.single_sign_on == nullptr) return json_response(200, json);
  for (auth::Provider* one : call.services.single_sign_on->providers()) {
    const auth::ProviderConfig& config = one->config();
    Json entry;
    entry["id"] = config.id;
    entry["kind"] = auth::name(config.kind);
    entry["display_name"] = config.display_name.empty() ? config.id : config.display_name;
    entry["start"] = "/v1/auth/oidc/" + config.id + "/start";
    const std::string sign_out = one->sign_out_address();
    entry["sign_out"] = sign_out.empty() ? Json(nullptr) : Json(sign_out);
    json["data"].push_back(std::move(entry));
  }
  return json_response(200, json);
}

Result<http::Response> start(Call& call) {
  WY_TRY(auth::Provider* const provider, provider_of(call));
  WY_RETURN_IF_ERROR(take_sign_in_token(call));
  const bool https = is_https(*provider);
  auto started =
      call.services.single_sign_on->start(provider->config().id, cookie(call, https), call.now);
  if (!started) {
    log::warn("auth.provider_unavailable",
              {{"provider", provider->config().id}, {"why", started.error().message}});
    if (is_page(call)) return redirect("/#/sign-in-unavailable");
    return Error{ErrorCode::unavailable, "The sign-in provider cannot be reached"};
  }
  http::Response response = redirect(started->address);
  response.headers.set("Set-Cookie", set_cookie(started->browser, https));
  return response;
}

std::string parameter(const Call& call, std::string_view name) {
  const std::string value = call.request.query_value(name).value_or("");
  return value.size() <= kParameterSizeMax ? value : std::string();
}

// Nothing in it may stand twice: which one is meant would be a matter of taste.
Result<auth::Callback> callback_of(const Call& call, auth::ProviderKind kind) {
  auth::Callback callback;
  for (const char* name : {"code", "authCode", "state", "iss", "error"}) {
    const auto times = std::ranges::count_if(
        call.request.query, [&](const auto& entry) { return entry.first == name; });
    if (times > 1) return Error{ErrorCode::invalid_argument, "A parameter is given twice"};
  }
  callback.code =
      parameter(call, kind == auth::ProviderKind::dingtalk && call.request.query_value("authCode")
                          ? "authCode"
                          : "code");
  callback.state = parameter(call, "state");
  callback.issuer = parameter(call, "iss");
  callback.error = parameter(call, "error");
  return callback;
}

Status record_joining(Call& call, store::Transaction& tx, const auth::FinishedSignIn& finished) {
  call.note_object(finished.user.user_id);
  call.note("provider", finished.provider);
  call.note("created", finished.user.created);
  call.note("changed", finished.user.changed);
  return call.record(tx, finished.linked ? "identity.link" : "auth.provider");
}

Result<http::Response> finish(Call& call) {
  WY_TRY(auth::Provider* const provider, provider_of(call));
  WY_RETURN_IF_ERROR(take_sign_in_token(call));
  const auth::ProviderConfig& config = provider->config();
  WY_TRY(const auth::Callback callback, callback_of(call, config.kind));
  call.principal = {};
  auto finished = call.services.single_sign_on->finish(
      config.id, cookie(call, is_https(*provider)), callback, call.now,
      [&](store::Transaction& tx, const auth::FinishedSignIn& done) {
        return record_joining(call, tx, done);
      });
  if (!finished) {
    const Error& why = finished.error();
    call.note("provider", config.id);
    call.note("why", why.message);
    log::info("auth.provider_refused",
              {{"request_id", call.request_id}, {"provider", config.id}, {"why", why.message}});
    const bool absent = why.code == ErrorCode::unavailable;
    if (is_page(call)) {
      WY_RETURN_IF_ERROR(call.record("refuse", audit::Outcome::refused));
      return redirect(absent ? "/#/sign-in-unavailable" : "/#/sign-in-refused");
    }
    if (absent) return Error{ErrorCode::unavailable, "The sign-in provider cannot be reached"};
    return Error{ErrorCode::unauthenticated, "The sign-in was refused; begin again"};
  }
  if (finished->linked) return redirect("/#/linked?provider=" + config.id);
  // In the fragment, so that it is in no log and no Referer; useless in another browser.
  return redirect("/#/signed-in?code=" + finished->code);
}

Result<http::Response> exchange(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string code = reader.text("code", {1, 256});
  auth::SessionStart from;
  WY_TRY(from.in_browser, wants_cookie(call, reader));
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_RETURN_IF_ERROR(take_sign_in_token(call));
  if (call.services.single_sign_on == nullptr) return no_provider();
  call.principal = {};
  from.address = call.request.remote_address;
  from.client = client_of(call);
  std::string browser = cookie(call, true);
  if (browser.empty()) browser = cookie(call, false);
  WY_TRY(const auth::SessionTokens tokens,
         call.services.single_sign_on->exchange(
             code, browser, from, call.now,
             [&](store::Transaction& tx, const auth::SessionTokens& made) {
               return record_sign_in(call, tx, made);
             }));
  WY_TRY(const bool narrow, call.services.database->read([&](store::Snapshot& snapshot) {
    return narrow_session(call, snapshot, tokens.session);
  }));
  return signed_in(call, tokens, from.in_browser, narrow);
}

// What a form in a body says, once; empty otherwise.
Result<std::string> form_value(Call& call, std::string_view name) {
  const std::string* const type = call.request.headers.find("Content-Type");
  const std::string_view media =
      type == nullptr ? std::string_view() : std::string_view(*type).substr(0, type->find(';'));
  if (!http::same_name(trim(media), "application/x-www-form-urlencoded")) {
    return Error{ErrorCode::unsupported_media,
                 "The body must be application/x-www-form-urlencoded"};
  }
  WY_TRY(const std::string body, call.request.body());
  if (body.size() > kFormSizeMax) return Error{ErrorCode::too_large, "The form is too large"};
  WY_TRY(const http::Target form, http::parse_target("/?" + body));
  std::string value;
  for (const auto& [key, text] : form.query) {
    if (key != name) continue;
    if (!value.empty()) return Error{ErrorCode::invalid_argument, "A value is given twice"};
    value = text;
  }
  return value;
}

Status record_sign_out(Call& call, store::Transaction& tx, const std::string& provider,
                       const std::string& user_id, const std::vector<std::string>& sessions) {
  call.note_object(user_id);
  call.note("provider", provider);
  call.note("sessions", sessions);
  return call.record(tx, "auth.provider_sign_out");
}

// The provider calls here itself: nothing but its signature says who it is.
Result<http::Response> sign_out_there(Call& call) {
  WY_TRY(auth::Provider* const provider, provider_of(call));
  WY_TRY(const std::string token, form_value(call, "logout_token"));
  const std::string& id = provider->config().id;
  call.principal = {};
  const Status done = call.services.single_sign_on->sign_out(
      id, token, call.now,
      [&](store::Transaction& tx, const std::string& user_id,
          const std::vector<std::string>& sessions) {
        return record_sign_out(call, tx, id, user_id, sessions);
      });
  if (done) {
    http::Response response;
    response.headers.set("Cache-Control", "no-store");
    return response;
  }
  // A provider may sign out many at once; whoever guesses is slowed down.
  WY_RETURN_IF_ERROR(take_sign_in_token(call));
  call.note("provider", id);
  call.note("why", done.error().message);
  WY_RETURN_IF_ERROR(call.record("auth.provider_sign_out", audit::Outcome::refused));
  log::info("auth.logout_token_refused",
            {{"request_id", call.request_id}, {"provider", id}, {"why", done.error().message}});
  if (done.error().code != ErrorCode::unauthenticated) {
    return Error{ErrorCode::unavailable, "The sign-in provider cannot be reached"};
  }
  // OpenID Connect Back-Channel Logout 1.0, section 2.8.
  return Error{ErrorCode::invalid_argument, "The logout token is not valid"};
}

Json to_json(const auth::ExternalLink& link) {
  Json json;
  json["provider"] = link.provider;
  json["subject"] = link.subject;
  json["created_at"] = rfc3339(link.created_at);
  json["last_used_at"] = rfc3339(link.last_used_at);
  return json;
}

Result<http::Response> list_links(Call& call) {
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto links, auth::links_of(snapshot, call.principal.user_id));
    return json_response(
        200, list_json(links, "", [](const auth::ExternalLink& link) { return to_json(link); }));
  });
}

Result<std::string> read_proof(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  std::string password = reader.maybe_text("current_password", {0, 1024}).value_or("");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return password;
}

Result<auth::User> proven_owner(Call& call, const std::string& password) {
  WY_TRY(auth::User user, call.read([&](store::Snapshot& snapshot) {
    return call.services.identities->user(snapshot, call.principal.user_id);
  }));
  WY_RETURN_IF_ERROR(require_owner(call, user, password));
  return user;
}

// The browser goes on to the provider, and comes back to the callback of a sign-in.
Result<http::Response> begin_link(Call& call) {
  WY_TRY(const std::string password, read_proof(call));
  WY_TRY(auth::Provider* const provider, provider_of(call));
  if (!call.principal.key_id.starts_with(auth::kSessionIdHead)) {
    return Error{ErrorCode::forbidden, "This needs a session"};
  }
  WY_TRY(const auth::User user, proven_owner(call, password));
  WY_RETURN_IF_ERROR(take_sign_in_token(call));
  const auth::ProviderConfig& config = provider->config();
  const bool https = is_https(*provider);
  const auto started = call.services.single_sign_on->start(config.id, cookie(call, https), call.now,
                                                           call.principal.key_id);
  if (!started) {
    log::warn("auth.provider_unavailable",
              {{"provider", config.id}, {"why", started.error().message}});
    return Error{ErrorCode::unavailable, "The sign-in provider cannot be reached"};
  }
  call.note_object(user.id);
  call.note("provider", config.id);
  WY_RETURN_IF_ERROR(call.record("identity.link_begin"));
  http::Response response = json_response(200, {{"address", started->address}});
  response.headers.set("Set-Cookie", set_cookie(started->browser, https));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Result<http::Response> unlink(Call& call) {
  const std::string& provider = call.request.parameter("provider");
  const std::string& subject = call.request.parameter("subject");
  WY_TRY(const std::string password, read_proof(call));
  WY_TRY(const auth::User user, proven_owner(call, password));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::unlink_own(tx, user, provider, subject, call.principal.key_id));
    call.note_object(user.id);
    call.note("provider", provider);
    WY_RETURN_IF_ERROR(call.record(tx, "identity.unlink"));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .path = "/v1/auth/providers",
     .handler = list_providers,
     .access = Access::open},
    {.method = "GET",
     .path = "/v1/auth/oidc/{provider}/start",
     .handler = start,
     .access = Access::open},
    {.method = "GET",
     .path = "/v1/auth/oidc/{provider}/callback",
     .handler = finish,
     .access = Access::open},
    {.method = "POST",
     .path = "/v1/auth/oidc/{provider}/backchannel-logout",
     .handler = sign_out_there,
     .body = Body::json,
     .access = Access::open},
    {.method = "POST",
     .path = "/v1/auth/exchange",
     .handler = exchange,
     .body = Body::json,
     .access = Access::open},
    {.method = "GET",
     .path = "/v1/me/identities",
     .handler = list_links,
     .action = "identity.list"},
    {.method = "POST",
     .path = "/v1/me/identities/{provider}",
     .handler = begin_link,
     .body = Body::json},
    {.method = "DELETE",
     .path = "/v1/me/identities/{provider}/{subject}",
     .handler = unlink,
     .body = Body::json},
};

}  // namespace

std::span<const Route> sso_routes() { return kRoutes; }

}  // namespace wenyuan::api
