// The half of Identities that is about users.
#include <algorithm>

#include "auth/grants.h"
#include "auth/identities_impl.h"
#include "auth/roles.h"
#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kEmailSizeMax = 254;

PasswordStrength strength_for(const std::vector<std::string>& roles) {
  const bool strong = std::ranges::any_of(
      roles, [](const std::string& role) { return role == kAdminRole || !is_built_in(role); });
  return strong ? PasswordStrength::administrator : PasswordStrength::user;
}

Error absent_user() { return {ErrorCode::not_found, "there is no such user"}; }

Status check_user(store::Snapshot& snapshot, const User& user) {
  WY_RETURN_IF_ERROR(check_name("username", user.username));
  if (!user.display_name.empty()) {
    WY_RETURN_IF_ERROR(check_name("display_name", user.display_name));
  }
  const bool has_space = user.email.find_first_of(" \t\r\n") != std::string::npos;
  if (user.email.size() > kEmailSizeMax || !is_utf8(user.email) || has_space ||
      (!user.email.empty() && user.email.find('@') == std::string::npos)) {
    return Error{ErrorCode::invalid_argument, "email: expected an address of at most 254 bytes"};
  }
  if (Status fine = check_attributes(user.attributes); !fine) {
    return within("attributes", fine.error());
  }
  return check_roles_exist(snapshot, user.roles);
}

Status write_roles(store::Transaction& tx, const User& user) {
  WY_TRY(auto remove, tx.prepare("DELETE FROM user_roles WHERE user_id = ?"));
  WY_RETURN_IF_ERROR(remove.bind(1, user.id).run());
  for (const std::string& role : user.roles) {
    WY_TRY(auto insert, tx.prepare("INSERT INTO user_roles (user_id, role) VALUES (?, ?)"));
    WY_RETURN_IF_ERROR(insert.bind(1, user.id).bind(2, role).run());
  }
  return Done{};
}

void sort_roles(User& user) {
  std::ranges::sort(user.roles);
  user.roles.erase(std::unique(user.roles.begin(), user.roles.end()), user.roles.end());
}

bool is_working_admin(const User& user) {
  return !user.disabled && std::ranges::count(user.roles, kAdminRole) > 0;
}

// So that nobody locks the whole organization out by mistake.
Status check_another_admin(store::Transaction& tx, const std::string& id) {
  WY_TRY(auto others, tx.prepare("SELECT 1 FROM users JOIN user_roles ON user_id = id "
                                 "WHERE role = 'admin' AND disabled = 0 AND id <> ? LIMIT 1"));
  WY_TRY(const bool found, others.bind(1, id).step());
  if (found) return Done{};
  return Error{ErrorCode::conflict, "this is the last administrator; name another one first"};
}

Status run_with_id(store::Transaction& tx, std::string_view sql, const std::string& id) {
  WY_TRY(auto statement, tx.prepare(sql));
  return statement.bind(1, id).run();
}

}  // namespace

Result<HashedPassword> Identities::hash_password(std::string_view password,
                                                 const std::vector<std::string>& roles) const {
  return impl_->hasher.hash(password, strength_for(roles));
}

Result<User> Identities::add_user(store::Transaction& tx, const User& user,
                                  const std::optional<HashedPassword>& password,
                                  UnixMillis now) const {
  WY_RETURN_IF_ERROR(check_user(tx, user));
  WY_TRY(const auto taken, user_row_by_name(tx, user.username));
  if (taken) return Error{ErrorCode::conflict, "username: this name is taken"};
  User added = user;
  sort_roles(added);
  added.id = new_id("usr");
  added.has_password = password.has_value();
  added.created_at = added.updated_at = now;
  WY_TRY(auto insert,
         tx.prepare("INSERT INTO users (id, username, username_key, display_name, email, "
                    "attributes, disabled, password, created_at, updated_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, added.id).bind(2, added.username).bind(3, to_lower_ascii(added.username));
  insert.bind(4, added.display_name).bind(5, added.email);
  insert.bind(6, encode_attributes(added.attributes)).bind(7, added.disabled);
  if (password) {
    insert.bind(8, password->phc);
  } else {
    insert.bind_null(8);
  }
  WY_RETURN_IF_ERROR(insert.bind(9, now).bind(10, now).run());
  WY_RETURN_IF_ERROR(write_roles(tx, added));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return added;
}

Result<User> Identities::update_user(store::Transaction& tx, const std::string& id,
                                     const UserChange& change, UnixMillis now) const {
  WY_TRY(auto row, user_row(tx, id));
  if (!row) return absent_user();
  User& user = row->user;
  const bool was_working_admin = is_working_admin(user);
  if (change.display_name) user.display_name = *change.display_name;
  if (change.email) user.email = *change.email;
  if (change.attributes) user.attributes = *change.attributes;
  if (change.roles) user.roles = *change.roles;
  if (change.disabled) user.disabled = *change.disabled;
  if (change.password) row->password = change.password;
  WY_RETURN_IF_ERROR(check_user(tx, user));
  if (was_working_admin && !is_working_admin(user)) {
    WY_RETURN_IF_ERROR(check_another_admin(tx, id));
  }
  sort_roles(user);
  user.has_password = row->password.has_value();
  user.updated_at = now;
  WY_TRY(auto update,
         tx.prepare("UPDATE users SET display_name = ?, email = ?, attributes = ?, disabled = ?, "
                    "password = ?, updated_at = ? WHERE id = ?"));
  update.bind(1, user.display_name).bind(2, user.email);
  update.bind(3, encode_attributes(user.attributes)).bind(4, user.disabled);
  if (row->password) {
    update.bind(5, row->password->phc);
  } else {
    update.bind_null(5);
  }
  WY_RETURN_IF_ERROR(update.bind(6, now).bind(7, id).run());
  WY_RETURN_IF_ERROR(write_roles(tx, user));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return std::move(user);
}

Status Identities::remove_user(store::Transaction& tx, const std::string& id,
                               const store::AccessAttributes& access) const {
  WY_TRY(const auto row, user_row(tx, id));
  if (!row) return absent_user();
  if (is_working_admin(row->user)) WY_RETURN_IF_ERROR(check_another_admin(tx, id));
  WY_TRY(const auto collections, store::collections(tx));
  const auto owned = std::ranges::count(collections, id, &Collection::owner_id);
  if (owned > 0) {
    return Error{ErrorCode::conflict, "this user owns " + std::to_string(owned) +
                                          (owned == 1 ? " collection" : " collections") +
                                          "; remove them first"};
  }
  WY_RETURN_IF_ERROR(remove_grants_of(tx, id, access));
  WY_RETURN_IF_ERROR(run_with_id(tx, "DELETE FROM api_keys WHERE user_id = ?", id));
  WY_RETURN_IF_ERROR(run_with_id(tx, "DELETE FROM group_members WHERE member_id = ?", id));
  WY_RETURN_IF_ERROR(run_with_id(tx, "DELETE FROM user_roles WHERE user_id = ?", id));
  WY_RETURN_IF_ERROR(run_with_id(tx, "DELETE FROM users WHERE id = ?", id));
  return tx.raise_epoch();
}

Result<User> Identities::user(store::Snapshot& snapshot, const std::string& id) const {
  WY_TRY(auto row, user_row(snapshot, id));
  if (!row) return absent_user();
  return std::move(row->user);
}

Result<User> Identities::user_by_name(store::Snapshot& snapshot, std::string_view username) const {
  WY_TRY(auto row, user_row_by_name(snapshot, username));
  if (!row) return absent_user();
  return std::move(row->user);
}

Result<store::Listing<User>> Identities::users(store::Snapshot& snapshot,
                                               const store::Page& page) const {
  if (page.limit < 1 || page.limit > 200) {
    return Error{ErrorCode::invalid_argument, "limit: expected 1 to 200"};
  }
  const auto after = from_hex(page.cursor);
  if (!after) return Error{ErrorCode::invalid_argument, "cursor: not one that we gave"};
  store::Listing<User> listing;
  WY_TRY(listing.items,
         users_after(snapshot, std::string(after->begin(), after->end()), page.limit + 1));
  if (listing.items.size() > static_cast<std::size_t>(page.limit)) {
    listing.items.pop_back();
    const std::string last = to_lower_ascii(listing.items.back().username);
    listing.next_cursor = to_hex({reinterpret_cast<const std::uint8_t*>(last.data()), last.size()});
  }
  return listing;
}

Result<Principal> Identities::principal(store::Snapshot& snapshot,
                                        const std::string& user_id) const {
  WY_TRY(auto found, current_principal(snapshot, user_id, ""));
  if (!found) return absent_user();
  return *std::move(found);
}

Result<bool> Identities::password_is_outdated(store::Snapshot& snapshot,
                                              const std::string& user_id) const {
  WY_TRY(const auto row, user_row(snapshot, user_id));
  if (!row) return absent_user();
  return row->password &&
         PasswordHasher::is_outdated(*row->password, strength_for(row->user.roles));
}

}  // namespace wenyuan::auth
