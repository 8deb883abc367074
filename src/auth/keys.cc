// The half of Identities that is about API keys.
#include <algorithm>

#include "auth/identities_impl.h"
#include "auth/key_text.h"
#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr UnixMillis kUseNotedEveryMs = 60 * 60 * 1000;
constexpr std::size_t kChosenPrefixSize = 4;
constexpr std::size_t kKeysPerUserMax = 1000;

Error absent_key() { return {ErrorCode::not_found, "there is no such key"}; }
Error refused() { return {ErrorCode::unauthenticated, "the API key is not valid"}; }

Status check_scopes(const std::vector<std::string>& scopes) {
  const bool known = std::ranges::all_of(scopes, [](const std::string& scope) {
    return std::ranges::find(kScopes, scope) != std::end(kScopes);
  });
  if (known && !scopes.empty()) return Done{};
  return Error{ErrorCode::invalid_argument,
               "scopes: expected some of *, admin, ask, documents:read, documents:write, search"};
}

void bind_time(store::Statement& statement, int at, const std::optional<UnixMillis>& time) {
  if (time) {
    statement.bind(at, *time);
  } else {
    statement.bind_null(at);
  }
}

std::optional<UnixMillis> time_of(const store::Statement& statement, int at) {
  if (statement.is_null(at)) return std::nullopt;
  return statement.integer(at);
}

// Columns: id, user_id, name, prefix, scopes, expires_at, last_used_at, created_at.
ApiKey read_key(const store::Statement& statement) {
  ApiKey key;
  key.id = statement.text(0);
  key.user_id = statement.text(1);
  key.name = statement.text(2);
  key.prefix = statement.text(3);
  key.scopes = words(statement.text(4));
  key.expires_at = time_of(statement, 5);
  key.last_used_at = time_of(statement, 6);
  key.created_at = statement.integer(7);
  return key;
}

Status insert_key(store::Transaction& tx, const ApiKey& key, const KeyMac& mac) {
  WY_RETURN_IF_ERROR(check_name("name", key.name));
  WY_TRY(const auto owner, user_row(tx, key.user_id));
  if (!owner) return Error{ErrorCode::not_found, "there is no such user"};
  WY_TRY(auto count, tx.prepare("SELECT count(*) FROM api_keys WHERE user_id = ?"));
  WY_RETURN_IF_ERROR(count.bind(1, key.user_id).step());
  if (count.integer(0) >= static_cast<std::int64_t>(kKeysPerUserMax)) {
    return Error{ErrorCode::conflict, "this user has 1000 keys; remove some first"};
  }
  WY_TRY(auto insert, tx.prepare("INSERT INTO api_keys (id, user_id, name, prefix, mac, scopes, "
                                 "expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, key.id).bind(2, key.user_id).bind(3, key.name).bind(4, key.prefix);
  insert.bind_blob(5, mac).bind(6, joined(key.scopes)).bind(8, key.created_at);
  bind_time(insert, 7, key.expires_at);
  WY_RETURN_IF_ERROR(insert.run());
  return tx.raise_epoch();
}

}  // namespace

Result<NewKey> Identities::add_key(store::Transaction& tx, const std::string& user_id,
                                   std::string name, std::vector<std::string> scopes,
                                   std::optional<UnixMillis> expires_at, UnixMillis now) const {
  WY_RETURN_IF_ERROR(check_scopes(scopes));
  if (expires_at && *expires_at <= now) {
    return Error{ErrorCode::invalid_argument, "expires_in: expected a time in the future"};
  }
  std::ranges::sort(scopes);
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  NewKey made;
  made.key = new_key_text();
  made.info = {.id = new_id("key"),
               .user_id = user_id,
               .name = std::move(name),
               .prefix = made.key.substr(0, kKeyPrefixSize),
               .scopes = std::move(scopes),
               .expires_at = expires_at,
               .last_used_at = std::nullopt,
               .created_at = now};
  WY_TRY(const KeyMac mac, impl_->secret.mac(made.key));
  WY_RETURN_IF_ERROR(insert_key(tx, made.info, mac));
  return made;
}

Status Identities::add_chosen_key(store::Transaction& tx, const std::string& user_id,
                                  std::string name, std::string_view key, UnixMillis now) const {
  if (!is_utf8(key) || code_point_count(key) < kChosenKeySizeMin || key.size() > kKeySizeMax) {
    return Error{ErrorCode::invalid_argument, "the chosen key needs 32 to 512 characters"};
  }
  WY_TRY(const KeyMac mac, impl_->secret.mac(key));
  WY_TRY(auto same, tx.prepare("SELECT user_id FROM api_keys WHERE mac = ?"));
  WY_TRY(const bool present, same.bind_blob(1, mac).step());
  if (present) {
    if (same.text(0) == user_id) return Done{};
    return Error{ErrorCode::conflict, "the chosen key cannot be used"};
  }
  // Fewer characters than of a random key: what a person chose has less to give away.
  const ApiKey info = {.id = new_id("key"),
                       .user_id = user_id,
                       .name = std::move(name),
                       .prefix = std::string(key.substr(0, byte_offset(key, kChosenPrefixSize))),
                       .scopes = {"*"},
                       .expires_at = std::nullopt,
                       .last_used_at = std::nullopt,
                       .created_at = now};
  return insert_key(tx, info, mac);
}

Status Identities::remove_key(store::Transaction& tx, const std::string& id) const {
  WY_TRY(auto remove, tx.prepare("DELETE FROM api_keys WHERE id = ? RETURNING id"));
  WY_TRY(const bool found, remove.bind(1, id).step());
  if (!found) return absent_key();
  return tx.raise_epoch();
}

Result<ApiKey> Identities::key(store::Snapshot& snapshot, const std::string& id) const {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, user_id, name, prefix, scopes, expires_at, last_used_at, "
                          "created_at FROM api_keys WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return absent_key();
  return read_key(statement);
}

Result<std::vector<ApiKey>> Identities::keys(store::Snapshot& snapshot,
                                             const std::string& user_id) const {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, user_id, name, prefix, scopes, expires_at, last_used_at, "
                          "created_at FROM api_keys WHERE user_id = ? ORDER BY created_at, id"));
  statement.bind(1, user_id);
  std::vector<ApiKey> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back(read_key(statement));
  }
}

Result<Principal> Identities::authenticate_key(store::Snapshot& snapshot, std::string_view key,
                                               UnixMillis now) const {
  WY_TRY(const KeyMac mac, impl_->secret.mac(key.substr(0, kKeySizeMax + 1)));
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, user_id, mac, expires_at FROM api_keys WHERE mac = ?"));
  WY_TRY(const bool found, statement.bind_blob(1, mac).step());
  // Whatever is wrong, everything below is done, on a row of nothing if need be.
  KeyMac stored{};
  std::string id, user_id;
  std::optional<UnixMillis> expires_at;
  if (found) {
    const auto blob = statement.blob(2);
    if (blob.size() == stored.size()) std::ranges::copy(blob, stored.begin());
    id = statement.text(0);
    user_id = statement.text(1);
    expires_at = time_of(statement, 3);
  }
  const bool same = same_bytes(stored, mac);
  const bool in_time = !expires_at || now < *expires_at;
  WY_TRY(auto principal, current_principal(snapshot, user_id, id));
  if (!found || !same || !in_time || !principal) return refused();
  return *std::move(principal);
}

Result<bool> Identities::key_use_is_due(store::Snapshot& snapshot, const std::string& key_id,
                                        UnixMillis now) const {
  WY_TRY(auto statement, snapshot.prepare("SELECT last_used_at FROM api_keys WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, key_id).step());
  if (!found) return false;
  const auto last = time_of(statement, 0);
  return !last || now - *last >= kUseNotedEveryMs;
}

// Access does not depend on it, so the epoch stays.
Status Identities::note_key_use(store::Transaction& tx, const std::string& key_id,
                                UnixMillis now) const {
  WY_TRY(auto update, tx.prepare("UPDATE api_keys SET last_used_at = ?1 WHERE id = ?2 AND "
                                 "(last_used_at IS NULL OR ?1 - last_used_at >= ?3)"));
  return update.bind(1, now).bind(2, key_id).bind(3, kUseNotedEveryMs).run();
}

}  // namespace wenyuan::auth
