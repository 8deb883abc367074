#include "auth/identities.h"

#include "auth/identities_impl.h"
#include "auth/user_rows.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

Error refused() { return {ErrorCode::unauthenticated, "the user name or password is wrong"}; }

}  // namespace

Identities::Identities(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Identities::~Identities() = default;

Result<std::unique_ptr<Identities>> Identities::open(const store::Database& database) {
  WY_TRY(KeySecret secret, KeySecret::open(database.keys()));
  auto impl = std::make_unique<Impl>(std::move(secret));
  return std::unique_ptr<Identities>(
      new Identities(std::move(impl)));  // NOLINT: private constructor
}

Result<HashedPassword> Identities::Impl::decoy(std::string_view username) const {
  WY_TRY(const KeyMac mac, secret.mac("decoy " + to_lower_ascii(username)));
  return PasswordHasher::decoy(mac[0] % 8 == 0 ? PasswordStrength::administrator
                                               : PasswordStrength::user);
}

Result<Principal> Identities::authenticate_password(store::Database& database,
                                                    std::string_view username,
                                                    std::string_view password) const {
  WY_TRY(const auto row, database.read([&](store::Snapshot& snapshot) {
    return user_row_by_name(snapshot, username);
  }));
  WY_TRY(HashedPassword hashed, impl_->decoy(username));
  if (row && row->password) hashed = *row->password;
  WY_TRY(const bool fits, impl_->hasher.verify(password, hashed));
  // Read again: computing took long enough for the user to be disabled or to get another password.
  using Fresh = std::optional<Principal>;
  WY_TRY(Fresh found, database.read([&](store::Snapshot& snapshot) -> Result<Fresh> {
    const std::string id = row ? row->user.id : std::string();
    WY_TRY(const auto fresh, user_row(snapshot, id));
    if (!fits || !fresh || !fresh->password || fresh->password->phc != hashed.phc) return Fresh();
    return current_principal(snapshot, id, "");
  }));
  if (!found) return refused();
  return *std::move(found);
}

}  // namespace wenyuan::auth
