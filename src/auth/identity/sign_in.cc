#include "auth/identity/sign_in.h"

#include <algorithm>

#include "auth/roles.h"
#include "auth/user_rows.h"
#include "base/log.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

using Kind = SignInOutcome::Kind;

SignInOutcome only(Kind kind) {
  SignInOutcome outcome;
  outcome.kind = kind;
  return outcome;
}

Status check_roles(const std::vector<std::string>& roles) {
  for (const std::string& role : roles) {
    if (role != "*" && !is_built_in(role)) {
      return Error{ErrorCode::invalid_argument, "second_factor_roles: there is no role " + role};
    }
  }
  return Done{};
}

// Sessions of before are held to it at once.
Status keep_roles(store::Transaction& tx, const std::vector<std::string>& roles) {
  WY_TRY(auto update, tx.prepare("UPDATE identity_settings SET value = ?1 WHERE "
                                 "name = 'second_factor_roles' AND value <> ?1 RETURNING 1"));
  WY_TRY(const bool changed, update.bind(1, joined(roles)).step());
  return changed ? tx.raise_epoch() : Status(Done{});
}

}  // namespace

SignIn::SignIn(KeySecret secret, store::Database& database, const Identities& identities,
               const Options& options)
    : secret_(std::move(secret)),
      database_(database),
      identities_(identities),
      sessions_(secret_, options.sessions),
      second_factors_(secret_),
      guard_(secret_, options.guard) {}

Result<std::unique_ptr<SignIn>> SignIn::open(store::Database& database,
                                             const Identities& identities, const Options& options) {
  WY_RETURN_IF_ERROR(check_roles(options.second_factor_roles));
  WY_TRY(KeySecret secret, KeySecret::open(database.keys()));
  WY_RETURN_IF_ERROR(database.write([&](store::Transaction& tx) -> Status {
    return keep_roles(tx, options.second_factor_roles);
  }));
  return std::unique_ptr<SignIn>(
      new SignIn(std::move(secret), database, identities, options));  // NOLINT: private constructor
}

Result<SignInOutcome> SignIn::try_password(const std::string& username, const std::string& password,
                                           const std::string& address, UnixMillis now) const {
  WY_TRY(const SignInGuard::Admitted admitted, database_.write([&](store::Transaction& tx) {
    return guard_.attempt(tx, username, address, now);
  }));
  if (!admitted.allowed) {
    SignInOutcome outcome = only(Kind::locked);
    outcome.wait_ms = admitted.wait_ms;
    return outcome;
  }
  const auto found = identities_.authenticate_password(database_, username, password);
  if (!found) {
    if (found.error().code != ErrorCode::unauthenticated) return found.error();
    return only(Kind::refused);
  }
  SignInOutcome outcome = only(Kind::signed_in);
  outcome.user_id = found->user_id;
  return outcome;
}

Result<SignInOutcome> SignIn::prove_password(const std::string& username,
                                             const std::string& password,
                                             const std::string& address, UnixMillis now) const {
  WY_TRY(SignInOutcome outcome, try_password(username, password, address, now));
  if (outcome.kind != Kind::signed_in) return outcome;
  const Status forgiven = database_.write(
      [&](store::Transaction& tx) -> Status { return guard_.forgive(tx, username, address); });
  if (!forgiven) return forgiven.error();
  return outcome;
}

Result<SignInOutcome> SignIn::prove_second_factor(const User& user, const std::string& code,
                                                  const std::string& address,
                                                  UnixMillis now) const {
  return database_.write([&](store::Transaction& tx) -> Result<SignInOutcome> {
    WY_TRY(const SignInGuard::Admitted admitted, guard_.attempt(tx, user.username, address, now));
    SignInOutcome outcome = only(admitted.allowed ? Kind::code_wrong : Kind::locked);
    outcome.wait_ms = admitted.wait_ms;
    outcome.user_id = user.id;
    if (!admitted.allowed) return outcome;
    WY_TRY(const bool right, second_factors_.use(tx, user.id, code, now));
    if (!right) return outcome;
    WY_RETURN_IF_ERROR(guard_.succeeded(tx, user.username, address));
    outcome.kind = Kind::signed_in;
    return outcome;
  });
}

Result<SignInOutcome> SignIn::by_password(const SignInAttempt& attempt, UnixMillis now,
                                          const Record& record) const {
  WY_TRY(SignInOutcome proven,
         try_password(attempt.username, attempt.password, attempt.address, now));
  if (proven.kind != Kind::signed_in) return proven;
  WY_TRY(const Principal principal, database_.read([&](store::Snapshot& snapshot) {
    return identities_.principal(snapshot, proven.user_id);
  }));
  WY_TRY(SignInOutcome outcome, begin_session(attempt, principal, now, record));
  if (outcome.kind == Kind::signed_in) refresh_hash(attempt, principal.user_id, now);
  return outcome;
}

// A missing or wrong code leaves the failure counted: else whoever has the password could clear the
// count between guesses of the code.
Result<SignInOutcome> SignIn::begin_session(const SignInAttempt& attempt,
                                            const Principal& principal, UnixMillis now,
                                            const Record& record) const {
  return database_.write([&](store::Transaction& tx) -> Result<SignInOutcome> {
    SignInOutcome outcome = only(Kind::code_needed);
    outcome.user_id = principal.user_id;
    WY_TRY(const SecondFactorState state, second_factors_.state(tx, principal.user_id));
    if (state.totp && attempt.code.empty()) return outcome;
    if (state.totp) {
      WY_TRY(const bool right, second_factors_.use(tx, principal.user_id, attempt.code, now));
      outcome.kind = Kind::code_wrong;
      if (!right) return outcome;
    }
    WY_RETURN_IF_ERROR(guard_.succeeded(tx, attempt.username, attempt.address));
    SessionStart start;
    start.user_id = principal.user_id;
    start.second_factor = state.totp;
    start.address = attempt.address;
    start.client = attempt.client;
    start.in_browser = attempt.in_browser;
    WY_TRY(outcome.tokens, sessions_.begin(tx, start, now));
    WY_TRY(const auto now_is, current_principal(tx, principal.user_id, outcome.tokens->session.id));
    if (!now_is) return Error{ErrorCode::unauthenticated, "the user was disabled"};
    outcome.second_factor_missing = !now_is->has_scope("admin");
    outcome.kind = Kind::signed_in;
    WY_RETURN_IF_ERROR(record(tx, *outcome.tokens));
    return outcome;
  });
}

// A hash made with older parameters, or for lesser roles, is made anew while the password is at
// hand. Signing in does not depend on it.
void SignIn::refresh_hash(const SignInAttempt& attempt, const std::string& user_id,
                          UnixMillis now) const {
  const auto outdated = database_.read([&](store::Snapshot& snapshot) {
    return identities_.password_is_outdated(snapshot, user_id);
  });
  if (!outdated || !*outdated) return;
  const auto refreshed = [&]() -> Status {
    WY_TRY(const User user, database_.read([&](store::Snapshot& snapshot) {
      return identities_.user(snapshot, user_id);
    }));
    UserChange change;
    WY_TRY(change.password, identities_.hash_password(attempt.password, user.roles));
    return database_.write([&](store::Transaction& tx) -> Status {
      // Unless somebody has set another one in the meantime.
      WY_TRY(const bool still, identities_.password_is_outdated(tx, user_id));
      if (still) WY_RETURN_IF_ERROR(identities_.update_user(tx, user_id, change, now));
      return Done{};
    });
  }();
  if (!refreshed) log::warn("auth.password_not_rehashed", {{"user_id", user_id}});
}

}  // namespace wenyuan::auth
