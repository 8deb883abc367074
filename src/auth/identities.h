// Users and their API keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/password.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

struct User {
  std::string id;
  std::string username;  // unique, case-insensitive
  std::string display_name;
  std::string email;
  Attributes attributes;
  std::vector<std::string> roles;  // sorted
  bool disabled = false;
  bool has_password = false;
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
};

struct UserChange {  // what is absent stays
  std::optional<std::string> display_name{}, email{};
  std::optional<HashedPassword> password{};
  std::optional<Attributes> attributes{};
  std::optional<std::vector<std::string>> roles{};
  std::optional<bool> disabled{};
};

struct ApiKey {
  std::string id;
  std::string user_id;
  std::string name;
  std::string prefix;               // the first characters, to recognise it by
  std::vector<std::string> scopes;  // sorted
  std::optional<UnixMillis> expires_at;
  std::optional<UnixMillis> last_used_at;  // to the hour
  UnixMillis created_at = 0;
};

struct NewKey {
  ApiKey info;
  std::string key;  // shown once, kept nowhere
};

// Thread-safe. Keys are stored as HMAC-SHA256 under a secret that is derived from the store's
// keys; passwords as Argon2id. Every change raises the epoch, so that permits and
// principals from before it end.
class Identities {
 public:
  static Result<std::unique_ptr<Identities>> open(const store::Database& database);
  ~Identities();

  // --- users: conflict when the name is taken; invalid_argument names the field

  // Takes a quarter of a second and may wait for others, so call it outside of transactions.
  // `roles` are those that the user will have.
  Result<HashedPassword> hash_password(std::string_view password,
                                       const std::vector<std::string>& roles) const;
  Result<User> add_user(store::Transaction& tx, const User& user,
                        const std::optional<HashedPassword>& password, UnixMillis now) const;
  // conflict for a change that would leave no enabled administrator.
  Result<User> update_user(store::Transaction& tx, const std::string& id, const UserChange& change,
                           UnixMillis now) const;
  // With all keys, memberships and grants. conflict while the user owns collections, or is the last
  // administrator.
  Status remove_user(store::Transaction& tx, const std::string& id,
                     const store::AccessAttributes& access) const;
  Result<User> user(store::Snapshot& snapshot, const std::string& id) const;
  Result<User> user_by_name(store::Snapshot& snapshot, std::string_view username) const;
  // By name.
  Result<store::Listing<User>> users(store::Snapshot& snapshot, const store::Page& page) const;
  // The user with every scope, as a session would be; not_found when absent or disabled.
  Result<Principal> principal(store::Snapshot& snapshot, const std::string& user_id) const;

  // --- keys: a key never opens more than its owner may do at that moment
  Result<NewKey> add_key(store::Transaction& tx, const std::string& user_id, std::string name,
                         std::vector<std::string> scopes, std::optional<UnixMillis> expires_at,
                         UnixMillis now) const;
  // A key with a chosen text of at least 32 characters and every scope: the administrator's first
  // key. Nothing changes when the user holds it already.
  Status add_chosen_key(store::Transaction& tx, const std::string& user_id, std::string name,
                        std::string_view key, UnixMillis now) const;
  Status remove_key(store::Transaction& tx, const std::string& id) const;
  Result<ApiKey> key(store::Snapshot& snapshot, const std::string& id) const;
  Result<std::vector<ApiKey>> keys(store::Snapshot& snapshot, const std::string& user_id) const;

  // Who holds this key; unauthenticated for a wrong, expired or revoked key, or a disabled user.
  // The comparison takes the same time wherever it fails.
  Result<Principal> authenticate_key(store::Snapshot& snapshot, std::string_view key,
                                     UnixMillis now) const;
  // Whether note_key_use() would write: at most once in an hour.
  Result<bool> key_use_is_due(store::Snapshot& snapshot, const std::string& key_id,
                              UnixMillis now) const;
  Status note_key_use(store::Transaction& tx, const std::string& key_id, UnixMillis now) const;

  // By password; does the same work for a name that does not exist. Holds no reader while it
  // computes.
  Result<Principal> authenticate_password(store::Database& database, std::string_view username,
                                          std::string_view password) const;
  // True when the password was hashed for other roles, or by an older program: hash it again at the
  // next sign-in.
  Result<bool> password_is_outdated(store::Snapshot& snapshot, const std::string& user_id) const;

 private:
  struct Impl;
  explicit Identities(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::auth
