// Signing in by password and second factor, and everything that sessions need.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/identities.h"
#include "auth/identity/second_factors.h"
#include "auth/identity/sessions.h"
#include "auth/identity/sign_in_guard.h"

namespace wenyuan::auth {

struct SignInAttempt {
  std::string username;
  std::string password;
  std::string code;  // of the second factor, or a recovery code; may be empty
  std::string address;
  std::string client;
  bool in_browser = false;  // see SessionStart
};

struct SignInOutcome {
  enum class Kind {
    signed_in,
    refused,      // name or password are wrong, and nobody learns which
    code_needed,  // the password is right, and the user has a second factor
    code_wrong,
    locked,  // too many failures; wait
  } kind = Kind::refused;
  UnixMillis wait_ms = 0;  // locked
  std::string user_id{};   // once the password was right
  std::optional<SessionTokens> tokens{};
  bool second_factor_missing = false;  // signed in, but may not administer before setting one up
};

// Thread-safe.
class SignIn {
 public:
  struct Options {
    Sessions::Options sessions{};
    SignInGuard::Options guard{};
    // Built-in roles whose sessions may administer only with a second factor; "*" is everybody.
    // An organization's own roles are held to it with "admin".
    std::vector<std::string> second_factor_roles = {"admin"};
  };
  // Both references outlive the object.
  static Result<std::unique_ptr<SignIn>> open(store::Database& database,
                                              const Identities& identities, const Options& options);

  // Writes what is to be remembered about a sign-in, in its transaction.
  using Record = std::function<Status(store::Transaction&, const SessionTokens&)>;
  // unavailable when too many passwords are being checked.
  Result<SignInOutcome> by_password(const SignInAttempt& attempt, UnixMillis now,
                                    const Record& record) const;

  // Whether this is the user's password; wrong ones count like those at sign-in. A right one clears
  // nothing: else whoever has it could go on guessing codes.
  Result<SignInOutcome> prove_password(const std::string& username, const std::string& password,
                                       const std::string& address, UnixMillis now) const;
  // Whether this is the user's second factor, which is used up; guesses count.
  Result<SignInOutcome> prove_second_factor(const User& user, const std::string& code,
                                            const std::string& address, UnixMillis now) const;

  // Ends the waiting that failures of this name have brought, from wherever they came.
  Status lift_lockout(store::Transaction& tx, const std::string& username, UnixMillis now) const {
    return guard_.lift(tx, username, now);
  }

  const Sessions& sessions() const { return sessions_; }
  const SecondFactors& second_factors() const { return second_factors_; }
  const KeySecret& secret() const { return secret_; }

 private:
  SignIn(KeySecret secret, store::Database& database, const Identities& identities,
         const Options& options);
  Result<SignInOutcome> try_password(const std::string& username, const std::string& password,
                                     const std::string& address, UnixMillis now) const;
  Result<SignInOutcome> begin_session(const SignInAttempt& attempt, const Principal& principal,
                                      UnixMillis now, const Record& record) const;
  void refresh_hash(const SignInAttempt& attempt, const std::string& user_id, UnixMillis now) const;

  const KeySecret secret_;
  store::Database& database_;
  const Identities& identities_;
  const Sessions sessions_;
  const SecondFactors second_factors_;
  const SignInGuard guard_;
};

}  // namespace wenyuan::auth
