// Reads users, their roles and their groups from the database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identities.h"
#include "auth/password.h"
#include "auth/principal.h"
#include "store/database.h"

namespace wenyuan::auth {

inline constexpr std::string_view kVouchedHead = "jwt_";

struct UserRow {
  User user;
  std::optional<HashedPassword> password;
};

Result<std::optional<UserRow>> user_row(store::Snapshot& snapshot, std::string_view id);
Result<std::optional<UserRow>> user_row_by_name(store::Snapshot& snapshot,
                                                std::string_view username);
// Those after this key in the order of names.
Result<std::vector<User>> users_after(store::Snapshot& snapshot, std::string_view username_key,
                                      int count_max);

// Who this is in this snapshot, whatever was known before; nothing when the user is gone or
// disabled, or the credential is gone. `key_id` is of an API key (key_), a session (ses_), a
// credential that signs requests (crd_), or of somebody vouched for elsewhere (kVouchedHead);
// empty, it is the user with every scope.
Result<std::optional<Principal>> current_principal(store::Snapshot& snapshot,
                                                   std::string_view user_id,
                                                   std::string_view key_id);

// Texts that people are called by: 1 to 64 characters, nothing invisible.
Status check_name(std::string_view field, std::string_view text);

// Scopes as the database keeps them.
std::string joined(const std::vector<std::string>& words);
std::vector<std::string> words(std::string_view joined);

}  // namespace wenyuan::auth
