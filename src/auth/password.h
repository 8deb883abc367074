// Turns passwords into Argon2id hashes and back into yes or no.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::auth {

constexpr std::size_t kPasswordSizeMin = 8;  // bytes
constexpr std::size_t kPasswordSizeMax = 256;

// A PHC string ("$argon2id$v=19$m=…"); cannot be mistaken for the password itself.
struct HashedPassword {
  std::string phc;
};

// How much work one guess costs. A stolen hash of an administrator is worth more.
enum class PasswordStrength { user, administrator };

Status check_password(std::string_view password);

// Thread-safe. At most two hashes are computed at a time, because each takes up to 64 MiB; further
// callers wait, and when too many do, the next one is told unavailable.
class PasswordHasher {
 public:
  // invalid_argument for a password of the wrong size.
  Result<HashedPassword> hash(std::string_view password, PasswordStrength strength);
  // False for a wrong password.
  Result<bool> verify(std::string_view password, const HashedPassword& hashed);
  // A hash that no password fits and that costs as much to verify.
  static HashedPassword decoy(PasswordStrength strength);
  // Whether it was made with other parameters than hash() would use now.
  static bool is_outdated(const HashedPassword& hashed, PasswordStrength strength);

 private:
  // Holds one of the two places.
  class Place;
  Result<Place> wait_for_place();

  std::mutex mutex_;
  std::condition_variable freed_;
  int running_ = 0;  // guarded by mutex_
  int waiting_ = 0;  // guarded by mutex_
};

}  // namespace wenyuan::auth
