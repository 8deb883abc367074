// What every way of signing in shares: limits, the audit record, and how the outcome is told.
#pragma once

#include <string>
#include <string_view>

#include "api/call.h"
#include "auth/identity/sign_in.h"

namespace wenyuan::api {

// A guesser is slowed down by address, long before hashing becomes the brake.
Status take_sign_in_token(Call& call);

// The User-Agent, or nothing.
std::string client_of(const Call& call);

// The caller is that session from here on.
Status record_sign_in(Call& call, store::Transaction& tx, const auth::SessionTokens& tokens);

// Whether this session may not administer before a second factor was shown.
Result<bool> narrow_session(Call& call, store::Snapshot& snapshot, const auth::Session& session);

Json tokens_json(const auth::SessionTokens& tokens, UnixMillis now);

// "browser" of a body: whether the session is to be kept in a cookie. forbidden when a browser says
// that another site asks for that, or nothing says that our page does: signing somebody in as
// somebody else is an attack, too.
Result<bool> wants_cookie(Call& call, ObjectReader& reader);
// The answer to who has signed in: tokens, or a cookie that holds them.
http::Response signed_in(const Call& call, const auth::SessionTokens& tokens, bool in_browser,
                         bool second_factor_required);

// Done when it is signed_in; else why not, noted for the audit log. `code_field` is where the code
// of the second factor belongs.
Status refused_sign_in(Call& call, const auth::SignInOutcome& outcome, std::string_view code_field);

// A stolen session or key must not be able to change how its owner signs in: the password, or for
// those without one a session of at most ten minutes.
Status require_owner(Call& call, const auth::User& user, const std::string& password);

}  // namespace wenyuan::api
