#include "auth/password.h"

#include <argon2.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/id.h"

namespace wenyuan::auth {
namespace {

constexpr int kRunningMax = 2;
constexpr int kWaitingMax = 64;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHashSize = 32;

struct Parameters {
  std::uint32_t memory_kib;
  std::uint32_t passes;
  std::uint32_t lanes;
};

// OWASP's password storage sheet names 46 MiB with one pass; about 75 ms and 250 ms on a 2023
// server core.
constexpr Parameters parameters(PasswordStrength strength) {
  return strength == PasswordStrength::administrator ? Parameters{64 * 1024, 3, 1}
                                                     : Parameters{46 * 1024, 1, 1};
}

std::string phc_head(PasswordStrength strength) {
  const Parameters use = parameters(strength);
  return "$argon2id$v=19$m=" + std::to_string(use.memory_kib) + ",t=" + std::to_string(use.passes) +
         ",p=" + std::to_string(use.lanes) + "$";
}

}  // namespace

class PasswordHasher::Place {
 public:
  explicit Place(PasswordHasher& hasher) : hasher_(&hasher) {}
  Place(Place&& other) noexcept : hasher_(std::exchange(other.hasher_, nullptr)) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(hasher_, other.hasher_);
    return *this;
  }
  ~Place() {
    if (hasher_ == nullptr) return;
    {
      const std::lock_guard lock(hasher_->mutex_);
      --hasher_->running_;
    }
    hasher_->freed_.notify_one();
  }

 private:
  PasswordHasher* hasher_;
};

Result<PasswordHasher::Place> PasswordHasher::wait_for_place() {
  std::unique_lock lock(mutex_);
  if (waiting_ >= kWaitingMax) {
    return Error{ErrorCode::unavailable, "too many passwords are being checked; try again later"};
  }
  ++waiting_;
  freed_.wait(lock, [&] { return running_ < kRunningMax; });
  --waiting_;
  ++running_;
  return Place(*this);
}

Status check_password(std::string_view password) {
  if (password.size() >= kPasswordSizeMin && password.size() <= kPasswordSizeMax) return Done{};
  return Error{ErrorCode::invalid_argument, "password: expected 8 to 256 bytes"};
}

Result<HashedPassword> PasswordHasher::hash(std::string_view password, PasswordStrength strength) {
  WY_RETURN_IF_ERROR(check_password(password));
  WY_TRY(const Place place, wait_for_place());
  std::array<std::uint8_t, kSaltSize> salt{};
  random_bytes(salt);
  const Parameters use = parameters(strength);
  std::string encoded(
      argon2_encodedlen(use.passes, use.memory_kib, use.lanes, kSaltSize, kHashSize, Argon2_id),
      '\0');
  const int code =
      argon2id_hash_encoded(use.passes, use.memory_kib, use.lanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashSize, encoded.data(), encoded.size());
  if (code != ARGON2_OK) {
    return Error{ErrorCode::unavailable,
                 std::string("the password could not be hashed: ") + argon2_error_message(code)};
  }
  encoded.resize(encoded.find('\0'));
  return HashedPassword{std::move(encoded)};
}

Result<bool> PasswordHasher::verify(std::string_view password, const HashedPassword& hashed) {
  // A password that is too long was never stored; cut so that it costs no more than others.
  const std::string_view tried = password.substr(0, kPasswordSizeMax + 1);
  WY_TRY(const Place place, wait_for_place());
  const int code = argon2id_verify(hashed.phc.c_str(), tried.data(), tried.size());
  if (code == ARGON2_OK) return true;
  if (code == ARGON2_VERIFY_MISMATCH) return false;
  return Error{code == ARGON2_MEMORY_ALLOCATION_ERROR ? ErrorCode::unavailable : ErrorCode::corrupt,
               std::string("the password could not be checked: ") + argon2_error_message(code)};
}

HashedPassword PasswordHasher::decoy(PasswordStrength strength) {
  // A salt and a hash of zeros: nobody can find a password whose hash is that.
  return {phc_head(strength) + std::string(22, 'A') + "$" + std::string(43, 'A')};
}

bool PasswordHasher::is_outdated(const HashedPassword& hashed, PasswordStrength strength) {
  return !hashed.phc.starts_with(phc_head(strength));
}

}  // namespace wenyuan::auth
