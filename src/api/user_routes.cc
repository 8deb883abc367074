#include "api/call.h"
#include "api/once.h"
#include "api/sign_in_answers.h"
#include "api/wire.h"
#include "auth/roles.h"

namespace wenyuan::api {
namespace {

constexpr TextLimits kName{1, 256};
constexpr TextLimits kEmail{0, 254};
constexpr TextLimits kPassword{auth::kPasswordSizeMin, auth::kPasswordSizeMax};

Result<http::Response> list_users(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::directory_read));
  const store::Page page = call.page();
  WY_RETURN_IF_ERROR(status(call.field_errors));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auto listing, call.services.identities->users(snapshot, page));
    return json_response(200, list_json(listing.items, listing.next_cursor,
                                        [](const auth::User& user) { return to_json(user); }));
  });
}

Result<http::Response> add_user(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::users_manage));
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  auth::User user;
  user.username = reader.text("username", kName);
  user.display_name = reader.maybe_text("display_name", {0, 256}).value_or(user.username);
  user.email = reader.maybe_text("email", kEmail).value_or("");
  user.attributes = reader.maybe_attributes("attributes").value_or(Attributes());
  call.check_attributes(auth::AttributeOwner::user, user.attributes);
  user.roles = reader.maybe_texts("roles", 16, {1, 64}).value_or(std::vector<std::string>());
  user.disabled = reader.maybe_flag("disabled").value_or(false);
  const auto password = reader.maybe_text("password", kPassword);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  std::optional<auth::HashedPassword> hashed;
  if (password) {
    WY_TRY(hashed, call.services.identities->hash_password(*password, user.roles));
  }
  return write_once(call, call.body(), [&](store::Transaction& tx) -> Result<http::Response> {
    WY_RETURN_IF_ERROR(auth::check_gives_roles(tx, call.principal, "", user.roles));
    WY_TRY(const auth::User added, call.services.identities->add_user(tx, user, hashed, call.now));
    call.note_object(added.id);
    call.note("roles", added.roles);
    call.note_personal("username", added.username, {added.id});
    WY_RETURN_IF_ERROR(call.record(tx, "user.add"));
    http::Response response = json_response(201, to_json(added));
    response.headers.set("Location", "/v1/users/" + added.id);
    return response;
  });
}

Status require_self_or_admin(const Call& call, const std::string& id) {
  if (id == call.principal.user_id) return Done{};
  // Who may not list users may not try ids either.
  if (call.principal.may(auth::Duty::directory_read)) return Done{};
  return Error{ErrorCode::not_found, "There is no such user"};
}

Result<http::Response> get_user(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  WY_RETURN_IF_ERROR(require_self_or_admin(call, id));
  return call.read([&](store::Snapshot& snapshot) -> Result<http::Response> {
    WY_TRY(const auth::User user, call.services.identities->user(snapshot, id));
    return tagged_response(call, to_json(user));
  });
}

struct WantedChange {
  auth::UserChange change;
  std::optional<std::string> password, current_password;
};

WantedChange read_change(Call& call, ObjectReader& reader) {
  WantedChange wanted;
  wanted.change.display_name = reader.maybe_text("display_name", {0, 256});
  wanted.change.email = reader.maybe_text("email", kEmail);
  wanted.change.attributes = reader.maybe_attributes("attributes");
  call.check_attributes(auth::AttributeOwner::user, wanted.change.attributes);
  wanted.change.roles = reader.maybe_texts("roles", 16, {1, 64});
  wanted.change.disabled = reader.maybe_flag("disabled");
  wanted.password = reader.maybe_text("password", kPassword);
  wanted.current_password = reader.maybe_text("current_password", {1, 1024});
  reader.refuse("username", "cannot be changed");
  return wanted;
}

bool changes_user(const WantedChange& wanted) {
  return wanted.change.display_name || wanted.change.email || wanted.change.attributes ||
         wanted.change.roles || wanted.change.disabled;
}

// What decides about access has a duty; a new password for oneself needs the old one, so that a
// stolen session cannot keep the account, unless one may set others' passwords too.
Status check_change(Call& call, const std::string& id, const WantedChange& wanted) {
  const bool manages = call.principal.may(auth::Duty::users_manage);
  const bool resets = call.principal.may(auth::Duty::credentials_manage);
  if (id != call.principal.user_id) {
    if (!manages && !resets) return Error{ErrorCode::not_found, "There is no such user"};
    if (changes_user(wanted)) WY_RETURN_IF_ERROR(call.require(auth::Duty::users_manage));
    return wanted.password ? call.require(auth::Duty::credentials_manage) : Status(Done{});
  }
  if (wanted.change.attributes || wanted.change.roles || wanted.change.disabled) {
    WY_RETURN_IF_ERROR(call.require(auth::Duty::users_manage));
  }
  if (!wanted.password || resets) return Done{};
  WY_TRY(const auth::SignInOutcome proven,
         call.services.sign_in->prove_password(call.principal.username,
                                               wanted.current_password.value_or(""),
                                               call.request.remote_address, call.now));
  if (proven.kind == auth::SignInOutcome::Kind::refused) {
    return Error{ErrorCode::forbidden, "current_password is missing or wrong"};
  }
  return refused_sign_in(call, proven, "current_password");
}

Result<http::Response> change_user(Call& call) {
  const std::string& id = call.request.parameter("id");
  WY_TRY(const JsonIn body, call.json());
  ObjectReader reader(body, "", call.field_errors);
  WantedChange wanted = read_change(call, reader);
  WY_RETURN_IF_ERROR(status(call.field_errors));
  WY_RETURN_IF_ERROR(check_change(call, id, wanted));
  if (wanted.password) {
    std::vector<std::string> roles;
    if (wanted.change.roles) {
      roles = *wanted.change.roles;
    } else {
      WY_TRY(const auth::User user, call.read([&](store::Snapshot& snapshot) {
        return call.services.identities->user(snapshot, id);
      }));
      roles = user.roles;
    }
    WY_TRY(wanted.change.password,
           call.services.identities->hash_password(*wanted.password, roles));
  }
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::User before, call.services.identities->user(tx, id));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(to_json(before)))));
    WY_RETURN_IF_ERROR(auth::check_outranks(tx, call.principal, id));
    if (wanted.change.roles) {
      WY_RETURN_IF_ERROR(auth::check_gives_roles(tx, call.principal, id, *wanted.change.roles));
    }
    WY_TRY(const auth::User after,
           call.services.identities->update_user(tx, id, wanted.change, call.now));
    // Whoever knew the old password is out.
    if (wanted.password) {
      WY_RETURN_IF_ERROR(call.services.sign_in->sessions().end_all(tx, id, call.principal.key_id));
    }
    call.note_object(id);
    call.note("roles", after.roles);
    call.note("password_changed", wanted.password.has_value());
    WY_RETURN_IF_ERROR(call.record(tx, "user.change"));
    return tagged_response(call, to_json(after));
  });
}

Result<http::Response> remove_user(Call& call) {
  WY_RETURN_IF_ERROR(call.require(auth::Duty::users_manage));
  const std::string& id = call.request.parameter("id");
  return call.write([&](store::Transaction& tx) -> Result<http::Response> {
    WY_TRY(const auth::User user, call.services.identities->user(tx, id));
    WY_RETURN_IF_ERROR(call.check_if_match(etag_of(to_text(to_json(user)))));
    WY_RETURN_IF_ERROR(auth::check_outranks(tx, call.principal, id));
    call.note_object(id);
    // First: whoever removes themselves is somebody until the end.
    WY_RETURN_IF_ERROR(call.record(tx, "user.remove"));
    WY_RETURN_IF_ERROR(
        call.services.identities->remove_user(tx, id, call.services.policies->access_attributes()));
    return no_content();
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/users", .handler = list_users, .action = "user.list"},
    {.method = "POST", .path = "/v1/users", .handler = add_user, .body = Body::json},
    {.method = "GET", .path = "/v1/users/{id}", .handler = get_user, .action = "user.read"},
    {.method = "PATCH", .path = "/v1/users/{id}", .handler = change_user, .body = Body::json},
    {.method = "DELETE", .path = "/v1/users/{id}", .handler = remove_user},
};

}  // namespace

std::span<const Route> user_routes() { return kRoutes; }

}  // namespace wenyuan::api
