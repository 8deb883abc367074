#include "api/call.h"

#include <algorithm>
#include <charconv>

#include "api/browser_cookie.h"
#include "api/same_origin.h"
#include "api/signed_request.h"
#include "auth/identity/jwt.h"
#include "auth/identity/quotas.h"
#include "auth/identity/token_text.h"
#include "auth/user_rows.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kKeyBytesMax = auth::kJwsSizeMax;
constexpr std::string_view kGatewayKeyId = "jwt_gateway";

Error unauthenticated() {
  return {ErrorCode::unauthenticated, "A valid key is needed: Authorization: Bearer KEY"};
}

Error from_elsewhere() { return {ErrorCode::forbidden, "The request was begun by another site"}; }

}  // namespace

Call::Call(Shared& shared_state, http::Request& http_request, std::string id)
    : shared(shared_state),
      services(shared_state.services),
      request(http_request),
      request_id(std::move(id)),
      now(shared_state.services.clock->now()) {
  const std::string* header = request.headers.find("Authorization");
  if (header == nullptr) return;
  const std::string_view text = trim(*header);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || !http::same_name(text.substr(0, space), "Bearer")) return;
  const std::string_view key = trim(text.substr(space));
  if (key.size() <= kKeyBytesMax) key_ = std::string(key);
}

bool Call::has_credential() const {
  return !key_.empty() || request.headers.find("Signature-Input") != nullptr ||
         request.client_certificate != nullptr || !session_cookie(request).empty();
}

Status Call::sign_in() {
  WY_RETURN_IF_ERROR(prove_by_signature());
  WY_RETURN_IF_ERROR(prove_by_token());
  WY_RETURN_IF_ERROR(take_cookie());
  WY_RETURN_IF_ERROR(prove_by_certificate());
  if (key_.empty() && proven_user_.empty()) return unauthenticated();
  return services.database->read(
      [&](store::Snapshot& snapshot) -> Status { return authenticate(snapshot); });
}

Status Call::prove_by_signature() {
  if (services.request_signatures == nullptr) return Done{};
  const auth::SignedRequest sent = as_signed(request);
  if (!auth::RequestSignatures::is_signed(sent)) return Done{};
  const bool has_body = request.body_source != nullptr;
  auto by = services.request_signatures->verify(sent, has_body, now);
  if (!by) {
    if (by.error().code != ErrorCode::unauthenticated) return std::move(by).error();
    note("why", by.error().message);
    return Error{ErrorCode::unauthenticated, "The request's signature is not valid"};
  }
  proven_user_ = by->credential.user_id;
  proven_by_ = by->credential.id;
  if (by->body) check_body(request, *std::move(by->body));
  return Done{};
}

Status Call::prove_by_token() {
  const auth::SingleSignOn* const others = services.single_sign_on;
  if (others == nullptr || !others->has_gateways() || !auth::has_jws_form(key_)) return Done{};
  auto vouched = others->user_of_token(key_, now);
  if (!vouched) {
    if (vouched.error().code != ErrorCode::unauthenticated) return std::move(vouched).error();
    note("why", vouched.error().message);
    return unauthenticated();
  }
  proven_user_ = *std::move(vouched);
  proven_by_ = kGatewayKeyId;
  return Done{};
}

// Whatever was sent on purpose goes before what comes along by itself.
Status Call::take_cookie() {
  if (!proven_user_.empty() || request.headers.find("Authorization") != nullptr) return Done{};
  std::string token = session_cookie(request);
  if (token.empty()) return Done{};
  const bool only_reads = request.method == "GET" || request.method == "HEAD";
  if (is_from_elsewhere(request) || (!only_reads && !is_from_our_page(request))) {
    return from_elsewhere();
  }
  key_ = std::move(token);
  by_cookie_ = true;
  return Done{};
}

// Comes along with every request of its connection.
Status Call::prove_by_certificate() {
  const auto& certificate = request.client_certificate;
  if (certificate == nullptr || !proven_user_.empty() || by_cookie_ ||
      request.headers.find("Authorization") != nullptr) {
    return Done{};
  }
  if (is_from_elsewhere(request)) return from_elsewhere();
  note("credential", std::string("certificate"));
  note("certificate", certificate->fingerprint);
  const auto username = auth::username_of(*certificate, shared.options.certificates, now);
  if (!username) {
    note("why", username.error().message);
    return Error{ErrorCode::unauthenticated, "The client certificate is not of a user here"};
  }
  WY_TRY(const auto row, services.database->read([&](store::Snapshot& snapshot) {
    return auth::user_row_by_name(snapshot, *username);
  }));
  // Names of users are found whatever their letters' case; certificates are held to theirs.
  if (!row || row->user.username != *username) {
    note("why", std::string("the client certificate names no user"));
    return Error{ErrorCode::unauthenticated, "The client certificate is not of a user here"};
  }
  proven_user_ = row->user.id;
  proven_by_ = auth::credential_id(*certificate);
  return Done{};
}

Status Call::authenticate(store::Snapshot& snapshot) {
  WY_TRY(epoch_, snapshot.epoch());
  if (!proven_user_.empty()) {
    WY_TRY(auto user, auth::current_principal(snapshot, proven_user_, proven_by_));
    if (!user) return unauthenticated();
    become(*std::move(user));
    return Done{};
  }
  auto found = principal_of_key(snapshot);
  if (!found) {
    if (found.error().code == ErrorCode::unauthenticated) return unauthenticated();
    return std::move(found).error();
  }
  become(*std::move(found));
  const std::string& id = principal.key_id;
  if (by_cookie_) {
    WY_TRY(session_use_due_, services.sign_in->sessions().use_is_due(snapshot, id, now));
  } else if (!id.starts_with(auth::kSessionIdHead)) {
    WY_TRY(key_use_due_, services.identities->key_use_is_due(snapshot, id, now));
  }
  return Done{};
}

// What belongs to the request stays.
void Call::become(auth::Principal found) {
  found.address = request.remote_address;
  found.break_glass = std::move(principal.break_glass);
  principal = std::move(found);
}

Result<auth::Principal> Call::principal_of_key(store::Snapshot& snapshot) const {
  const auth::Sessions& sessions = services.sign_in->sessions();
  if (by_cookie_) return sessions.authenticate_browser(snapshot, key_, now);
  if (auth::has_head(key_, auth::kAccessHead)) return sessions.authenticate(snapshot, key_, now);
  return services.identities->authenticate_key(snapshot, key_, now);
}

Status Call::refresh(store::Snapshot& snapshot) {
  if (principal.user_id.empty()) return Done{};  // an open route
  WY_TRY(const Epoch current, snapshot.epoch());
  if (current == epoch_) return Done{};
  return authenticate(snapshot);
}

Status Call::require(auth::Duty duty) const {
  if (principal.may(duty)) return Done{};
  return Error{ErrorCode::forbidden, "This needs the duty " + std::string(auth::name(duty)) +
                                         " and a key with scope admin"};
}

Status Call::require_scopes(const std::vector<std::string>& scopes) const {
  for (const std::string& scope : scopes) {
    const bool held =
        scope == "*" ? std::ranges::count(principal.scopes, "*") > 0 : principal.has_scope(scope);
    if (held) continue;
    return Error{ErrorCode::forbidden, "This credential does not have the scope " + scope};
  }
  return Done{};
}

void Call::note_personal(std::string name, std::string text, std::vector<std::string> subjects) {
  personal_.push_back({std::move(subjects), {{std::move(name), std::move(text)}}});
}

Status Call::record(store::Transaction& tx, std::string_view action, audit::Outcome outcome) {
  audit::Event event;
  event.action = std::string(action);
  event.outcome = outcome;
  event.actor_id = principal.user_id;
  event.key_id = principal.key_id;
  event.object_id = object_id_;
  event.request_id = request_id;
  event.address = request.remote_address;
  event.details = details_;
  event.personal = personal_;
  auto appended = audit::append(tx, *services.vault, event, now);
  if (!appended) {
    log::error("audit.append_failed", {{"action", action}, {"why", appended.error().message}});
    return Error{ErrorCode::unavailable, "The audit log cannot be written"};
  }
  const audit::Record& record = *appended;
  WY_RETURN_IF_ERROR(charge(tx));
  if (key_use_due_) {
    WY_RETURN_IF_ERROR(services.identities->note_key_use(tx, principal.key_id, now));
    key_use_due_ = false;
  }
  if (session_use_due_) {
    WY_RETURN_IF_ERROR(services.sign_in->sessions().note_use(tx, principal.key_id, now));
    session_use_due_ = false;
  }
  record_hash_ = record.hash;
  recorded_ = true;
  return Done{};
}

Status Call::charge(store::Transaction& tx) {
  if (tokens_ == 0) return Done{};
  WY_RETURN_IF_ERROR(auth::charge_tokens(tx, principal.user_id, tokens_, now));
  for (const std::string& id : payers_) {
    WY_RETURN_IF_ERROR(auth::charge_tokens(tx, id, tokens_, now));
  }
  tokens_ = 0;
  return Done{};
}

Status Call::record_besides(store::Transaction& tx, std::string_view action) {
  const bool before = recorded_;
  WY_RETURN_IF_ERROR(record(tx, action));
  recorded_ = before;
  return Done{};
}

Status Call::record(std::string_view action, audit::Outcome outcome) {
  auto written = services.database->write(
      [&](store::Transaction& tx) -> Status { return record(tx, action, outcome); });
  if (written) return written;
  return Error{ErrorCode::unavailable, "The audit log cannot be written"};
}

Result<JsonIn> Call::json() {
  if (const std::string* type = request.headers.find("Content-Type")) {
    const std::string_view media = trim(std::string_view(*type).substr(0, type->find(';')));
    if (!http::same_name(media, "application/json")) {
      return Error{ErrorCode::unsupported_media, "The body must be application/json"};
    }
  }
  // A route that takes uploads too has a higher limit of its own.
  WY_RETURN_IF_ERROR(request.read_body([&](std::string_view piece) -> Status {
    body_ += piece;
    if (body_.size() <= kJsonBytesMax) return Done{};
    return Error{ErrorCode::too_large,
                 "A JSON body must not be over " + std::to_string(kJsonBytesMax) + " bytes"};
  }));
  if (body_.empty()) return Error{ErrorCode::invalid_argument, "A JSON body is needed"};
  return parse_json(body_);
}

std::int64_t Call::query_integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                 std::int64_t max) {
  const auto text = request.query_value(name);
  if (!text) return fallback;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size() && number >= min &&
      number <= max) {
    return number;
  }
  field_errors.push_back(
      {"?" + std::string(name),
       "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max)});
  return fallback;
}

std::string Call::query_text(std::string_view name) {
  auto text = request.query_value(name).value_or("");
  if (text.size() <= 1024) return text;
  field_errors.push_back({"?" + std::string(name), "must not be over 1024 bytes"});
  return {};
}

store::Page Call::page() {
  store::Page page;
  page.limit = static_cast<int>(query_integer("limit", 50, 1, 200));
  page.cursor = query_text("cursor");
  return page;
}

bool Call::query_flag(std::string_view name, bool fallback) {
  const std::string text = query_text(name);
  if (text.empty()) return fallback;
  if (text != "true" && text != "false") {
    field_errors.push_back({"?" + std::string(name), "must be true or false"});
  }
  return text == "true";
}

void Call::check_attributes(auth::AttributeOwner owner,
                            const std::optional<Attributes>& attributes) {
  if (!attributes) return;
  const Status fine = services.policies->attribute_kinds().check(owner, *attributes);
  if (!fine) field_errors.push_back({"/attributes", fine.error().message});
}

Status Call::check_if_match(std::string_view etag) {
  const std::string* header = request.headers.find("If-Match");
  if (header == nullptr || trim(*header) == "*") return Done{};
  for (const std::string_view one : split(*header, ',')) {
    if (trim(one) == etag) return Done{};
  }
  precondition_failed = true;
  return Error{ErrorCode::conflict, "It was changed since: read it again, then retry"};
}

http::Response json_response(int status, const Json& json) {
  http::Response response = http::make_response(status, "application/json", to_text(json));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

std::string etag_of(std::string_view text) { return "\"" + sha256_hex(text).substr(0, 32) + "\""; }

http::Response tagged_response(const Call& call, const Json& json) {
  http::Response response = json_response(200, json);
  const std::string etag = etag_of(response.body);
  response.headers.set("ETag", etag);
  response.headers.set("Cache-Control", "private, no-cache");
  const std::string* known = call.request.headers.find("If-None-Match");
  if (known == nullptr || call.request.method != "GET") return response;
  for (const std::string_view one : split(*known, ',')) {
    if (trim(one) != etag) continue;
    response.status = 304;
    response.body.clear();
    break;
  }
  return response;
}

}  // namespace wenyuan::api
