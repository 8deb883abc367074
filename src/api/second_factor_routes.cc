// One's second factor: setting it up, showing it, losing it.
#include "api/call.h"
#include "api/qr_code.h"
#include "api/sign_in_answers.h"
#include "auth/roles.h"

namespace wenyuan::api {
namespace {

Result<auth::User> user_of(Call& call) {
  return call.read([&](store::Snapshot& snapshot) {
    return call.services.identities->user(snapshot, call.principal.user_id);
  });
}

Status require_code(Call& call, const auth::User& user, const std::string& code) {
  WY_TRY(const auth::SignInOutcome outcome, call.services.sign_in->prove_second_factor(
                                                user, code, call.request.remote_address, call.now));
  if (outcome.kind == auth::SignInOutcome::Kind::code_wrong) {
    return Error{ErrorCode::forbidden, "The code is wrong or was used before"};
  }
  return refused_sign_in(call, outcome, "totp");
}

http::Response codes_response(const std::vector<std::string>& codes) {
  Json json;
  json["recovery_codes"] = codes;
  return json_response(200, json);
}

Result<http::Response> begin(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string password = reader.maybe_text("current_password", {0, 1024}).value_or("");
  const std::string named = reader.maybe_text("algorithm", {1, 16}).value_or("SHA1");
  const auto algorithm = auth::totp_algorithm(named);
  if (!algorithm) reader.complain("algorithm", "must be SHA1 or SHA256");
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_TRY(const auth::User user, user_of(call));
  WY_RETURN_IF_ERROR(require_owner(call, user, password));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::TotpEnrolment made, call.services.sign_in->second_factors().begin_totp(
                                               tx, user.id, user.username, *algorithm, call.now));
    call.note_object(user.id);
    WY_RETURN_IF_ERROR(call.record(tx, "second_factor.begin"));
    WY_TRY(const std::string picture, qr_svg(made.address));
    return json_response(201,
                         {{"secret", made.secret}, {"address", made.address}, {"qr_svg", picture}});
  });
}

// The session that confirms has shown the factor.
Status raise_session(Call& call, store::Transaction& tx) {
  if (!call.principal.key_id.starts_with(auth::kSessionIdHead)) return Done{};
  return call.services.sign_in->sessions().raise_to_second_factor(tx, call.principal.key_id);
}

Result<http::Response> confirm(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string code = reader.text("totp", {1, 64});
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    const std::string& user_id = call.principal.user_id;
    WY_TRY(const std::vector<std::string> codes,
           call.services.sign_in->second_factors().confirm_totp(tx, user_id, code, call.now));
    call.note_object(user_id);
    WY_RETURN_IF_ERROR(call.record(tx, "second_factor.confirm"));
    WY_RETURN_IF_ERROR(raise_session(call, tx));
    return codes_response(codes);
  });
}

Result<http::Response> show(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  const std::string code = reader.text("totp", {1, 64});
  WY_RETURN_IF_ERROR(status(call.field_errors));
  if (!call.principal.key_id.starts_with(auth::kSessionIdHead)) {
    return Error{ErrorCode::conflict, "This is not a session, so it needs no second factor"};
  }
  WY_TRY(const auth::User user, user_of(call));
  WY_RETURN_IF_ERROR(require_code(call, user, code));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    call.note_object(user.id);
    WY_RETURN_IF_ERROR(call.record(tx, "second_factor.show"));
    WY_RETURN_IF_ERROR(raise_session(call, tx));
    return no_content();
  });
}

struct Proof {
  std::string password;
  std::string code;
};

Result<Proof> read_proof(Call& call) {
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  Proof proof;
  proof.password = reader.maybe_text("current_password", {0, 1024}).value_or("");
  proof.code = reader.text("totp", {1, 64});
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return proof;
}

Result<http::Response> renew_codes(Call& call) {
  WY_TRY(const Proof proof, read_proof(call));
  WY_TRY(const auth::User user, user_of(call));
  WY_RETURN_IF_ERROR(require_owner(call, user, proof.password));
  WY_RETURN_IF_ERROR(require_code(call, user, proof.code));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const std::vector<std::string> codes,
           call.services.sign_in->second_factors().new_recovery_codes(tx, user.id));
    call.note_object(user.id);
    WY_RETURN_IF_ERROR(call.record(tx, "second_factor.codes"));
    return codes_response(codes);
  });
}

Result<http::Response> remove(Call& call) {
  WY_TRY(const Proof proof, read_proof(call));
  WY_TRY(const auth::User user, user_of(call));
  WY_RETURN_IF_ERROR(require_owner(call, user, proof.password));
  WY_RETURN_IF_ERROR(require_code(call, user, proof.code));
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(call.services.sign_in->second_factors().remove(tx, user.id));
    call.note_object(user.id);
    WY_RETURN_IF_ERROR(call.record(tx, "second_factor.remove"));
    return no_content();
  });
}

// For somebody who has lost phone and codes. Their sessions end.
Result<http::Response> remove_of_user(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::credentials_manage));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::check_outranks(tx, call.principal, id));
    WY_RETURN_IF_ERROR(call.services.sign_in->second_factors().remove(tx, id));
    WY_RETURN_IF_ERROR(call.services.sign_in->sessions().end_all(tx, id, call.principal.key_id));
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "second_factor.remove"));
    return no_content();
  });
}

// For somebody whom others' guesses keep out. What follows is counted anew.
Result<http::Response> lift_lockout(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::credentials_manage));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::User user, call.services.identities->user(tx, id));
    WY_RETURN_IF_ERROR(call.services.sign_in->lift_lockout(tx, user.username, call.now));
    call.note_object(id);
    WY_RETURN_IF_ERROR(call.record(tx, "auth.lockout_lifted"));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "POST", .path = "/v1/me/totp", .handler = begin, .body = Body::json},
    {.method = "POST", .path = "/v1/me/totp/confirm", .handler = confirm, .body = Body::json},
    {.method = "DELETE", .path = "/v1/me/totp", .handler = remove, .body = Body::json},
    {.method = "POST", .path = "/v1/me/recovery-codes", .handler = renew_codes, .body = Body::json},
    {.method = "POST", .path = "/v1/auth/second-factor", .handler = show, .body = Body::json},
    {.method = "DELETE", .path = "/v1/users/{id}/totp", .handler = remove_of_user},
    {.method = "DELETE", .path = "/v1/users/{id}/lockout", .handler = lift_lockout},
};

}  // namespace

std::span<const Route> second_factor_routes() { return kRoutes; }

}  // namespace wenyuan::api
