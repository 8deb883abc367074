// Second factors of users: a time-based code, and recovery codes for the day the phone is gone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/totp.h"
#include "auth/key_secret.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

struct SecondFactorState {
  bool totp = false;     // set up and confirmed
  bool pending = false;  // begun, and no code shown yet
  std::int64_t recovery_codes_left = 0;
};

struct TotpEnrolment {
  std::string secret;   // base32, for typing
  std::string address;  // otpauth://, for a QR code
};

constexpr int kRecoveryCodeCount = 10;

// Thread-safe. TOTP secrets are sealed under a key from the store's; recovery codes are kept as
// MACs.
class SecondFactors {
 public:
  explicit SecondFactors(const KeySecret& secret) : secret_(secret) {}

  Result<SecondFactorState> state(store::Snapshot& snapshot, const std::string& user_id) const;

  // A new secret, in force once confirm_totp() has seen its first code. conflict when one is in
  // force already.
  Result<TotpEnrolment> begin_totp(store::Transaction& tx, const std::string& user_id,
                                   std::string_view username, TotpAlgorithm algorithm,
                                   UnixMillis now) const;
  // Gives the recovery codes, shown once. forbidden for a wrong code, conflict when nothing is
  // pending.
  Result<std::vector<std::string>> confirm_totp(store::Transaction& tx, const std::string& user_id,
                                                std::string_view code, UnixMillis now) const;
  // The old ones end.
  Result<std::vector<std::string>> new_recovery_codes(store::Transaction& tx,
                                                      const std::string& user_id) const;
  // With all recovery codes; nothing happens when there is none.
  Status remove(store::Transaction& tx, const std::string& user_id) const;

  // Uses up a code from the app, or a recovery code. False for a wrong one, one used before, or a
  // user without a second factor.
  Result<bool> use(store::Transaction& tx, const std::string& user_id, std::string_view code,
                   UnixMillis now) const;

 private:
  Result<std::optional<std::int64_t>> step_of(store::Snapshot& snapshot, const std::string& user_id,
                                              std::string_view code, bool confirmed,
                                              UnixMillis now) const;
  Result<bool> use_recovery_code(store::Transaction& tx, const std::string& user_id,
                                 std::string_view code) const;

  const KeySecret& secret_;
};

}  // namespace wenyuan::auth
