// Users and their API keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

struct User {
  std::string id;
  std::string username;      // unique, case-insensitive
  std::string display_name;
  std::string email;
  Attributes attributes;
  std::vector<std::string> roles;
  bool disabled = false;
  bool has_password = false;
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
};

struct UserChange {  // what is absent stays
  std::optional<std::string> display_name, email, password;
  std::optional<Attributes> attributes;
  std::optional<std::vector<std::string>> roles;
  std::optional<bool> disabled;
};

struct ApiKey {
  std::string id;
  std::string user_id;
  std::string name;
  std::string prefix;  // the first characters, to recognise it by
  std::vector<std::string> scopes;
  std::optional<UnixMillis> expires_at;
  std::optional<UnixMillis> last_used_at;
  UnixMillis created_at = 0;
};

struct NewKey {
  ApiKey info;
  std::string key;  // shown once, kept nowhere
};

// Thread-safe. Keys are stored as HMAC-SHA256 under a secret that lies beside the database
// (auth.key, 0600); passwords as Argon2id.
class Identities {
 public:
  static Result<std::unique_ptr<Identities>> open(const std::filesystem::path& directory);

  // --- users: conflict when the name is taken; invalid_argument names the field
  Result<User> add_user(store::Transaction& tx, const User& user,
                        const std::optional<std::string>& password, UnixMillis now) const;
  Result<User> update_user(store::Transaction& tx, const std::string& id, const UserChange& change,
                           UnixMillis now) const;
  Status remove_user(store::Transaction& tx, const std::string& id) const;
  Result<User> user(store::Snapshot& snapshot, const std::string& id) const;
  Result<User> user_by_name(store::Snapshot& snapshot, std::string_view username) const;
  Result<store::Listing<User>> users(store::Snapshot& snapshot, const store::Page& page) const;

  // --- keys
  Result<NewKey> add_key(store::Transaction& tx, const std::string& user_id, std::string name,
                         std::vector<std::string> scopes, std::optional<UnixMillis> expires_at,
                         UnixMillis now) const;
  // A key with a chosen text of at least 32 characters: the administrator's first key.
  Status add_chosen_key(store::Transaction& tx, const std::string& user_id, std::string name,
                        std::string_view key, UnixMillis now) const;
  Status remove_key(store::Transaction& tx, const std::string& id) const;
  Result<std::vector<ApiKey>> keys(store::Snapshot& snapshot, const std::string& user_id) const;

  // Who holds this key; unauthenticated for a wrong, expired or revoked key, or a disabled user.
  // The comparison takes the same time wherever it fails.
  Result<Principal> authenticate_key(store::Snapshot& snapshot, std::string_view key,
                                     UnixMillis now) const;
  // By password; does the same work for a name that does not exist.
  Result<Principal> authenticate_password(store::Snapshot& snapshot, std::string_view username,
                                          std::string_view password) const;

 private:
  struct Impl;
  explicit Identities(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;

 public:
  ~Identities();
};

}  // namespace wenyuan::auth
