// Slows down whoever guesses passwords and codes, in a way that a restart does not forget.
#pragma once

#include <string>
#include <string_view>

#include "auth/key_secret.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

// Counts failures for a name, and for a name from one address. After some, every further attempt is
// answered only after a time that doubles. One address reaches its own limit long before that of
// the name, so it cannot keep somebody else out. Names that do not exist are counted alike.
class SignInGuard {
 public:
  struct Options {
    int pair_failures = 5;  // of one name from one address, before waiting begins
    int name_failures = 50;
    UnixMillis first_wait_ms = 30 * 1000;
    UnixMillis wait_ms_max = 15 * 60 * 1000;
    UnixMillis forget_ms = UnixMillis{24} * 60 * 60 * 1000;  // after the last failure
  };

  SignInGuard(const KeySecret& secret, const Options& options)
      : secret_(secret), options_(options) {}

  struct Admitted {
    bool allowed = false;
    UnixMillis wait_ms = 0;  // when not allowed
  };
  // Counts the attempt as a failure until succeeded() says otherwise: a thousand guesses at once
  // are a thousand failures, not one.
  Result<Admitted> attempt(store::Transaction& tx, std::string_view name, std::string_view address,
                           UnixMillis now) const;
  Status succeeded(store::Transaction& tx, std::string_view name, std::string_view address) const;
  // Somebody who answers for it says that what was counted for this name, from wherever, is
  // forgotten.
  Status lift(store::Transaction& tx, std::string_view name, UnixMillis now) const;
  // This attempt, which was let through, was none; what was counted before it stays.
  Status forgive(store::Transaction& tx, std::string_view name, std::string_view address) const;

 private:
  const KeySecret& secret_;
  const Options options_;
};

}  // namespace wenyuan::auth
