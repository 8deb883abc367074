#include "auth/policy_store.h"

#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth::policy_store {
namespace {

constexpr std::size_t kDescriptionSizeMax = 4096;
constexpr std::int64_t kPolicyCountMax = 10'000;

Error absent_policy() { return {ErrorCode::not_found, "there is no such policy"}; }

Status check_policy(const Policy& policy, const PolicyLanguage& language) {
  WY_RETURN_IF_ERROR(check_name("name", policy.name));
  if (policy.description.size() > kDescriptionSizeMax || !is_utf8(policy.description)) {
    return Error{ErrorCode::invalid_argument, "description: expected at most 4096 bytes of UTF-8"};
  }
  const PolicyText read = language.read(policy.text);
  if (read.policy) return Done{};
  return within("text", Error{ErrorCode::invalid_argument, read.error});
}

// Columns: id, name, text, description, version, created_at, updated_at.
Result<std::vector<Policy>> read_policies(store::Statement& statement) {
  std::vector<Policy> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back({statement.text(0), statement.text(1), statement.text(2), statement.text(3),
                     statement.integer(4), statement.integer(5), statement.integer(6)});
  }
}

Status keep_version(store::Transaction& tx, const Policy& policy) {
  WY_TRY(auto insert, tx.prepare("INSERT INTO policy_versions (policy_id, version, name, text, "
                                 "description, created_at) VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(1, policy.id).bind(2, policy.version).bind(3, policy.name).bind(4, policy.text);
  return insert.bind(5, policy.description).bind(6, policy.updated_at).run();
}

}  // namespace

Result<Policy> add(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                   UnixMillis now) {
  WY_RETURN_IF_ERROR(check_policy(policy, language));
  WY_TRY(auto count, tx.prepare("SELECT count(*) FROM policies"));
  WY_RETURN_IF_ERROR(count.step());
  if (count.integer(0) >= kPolicyCountMax) {
    return Error{ErrorCode::too_large, "there are 10000 policies already"};
  }
  Policy added = policy;
  added.id = new_id("pol");
  added.version = 1;
  added.created_at = added.updated_at = now;
  WY_TRY(auto insert, tx.prepare("INSERT INTO policies (id, name, text, description, version, "
                                 "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, added.id).bind(2, added.name).bind(3, added.text).bind(4, added.description);
  WY_RETURN_IF_ERROR(insert.bind(5, added.version).bind(6, now).bind(7, now).run());
  WY_RETURN_IF_ERROR(keep_version(tx, added));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return added;
}

Result<Policy> update(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now) {
  WY_TRY(Policy updated, one(tx, policy.id));
  WY_RETURN_IF_ERROR(check_policy(policy, language));
  updated.name = policy.name;
  updated.text = policy.text;
  updated.description = policy.description;
  updated.version += 1;
  updated.updated_at = now;
  WY_TRY(auto change, tx.prepare("UPDATE policies SET name = ?, text = ?, description = ?, "
                                 "version = ?, updated_at = ? WHERE id = ?"));
  change.bind(1, updated.name).bind(2, updated.text).bind(3, updated.description);
  WY_RETURN_IF_ERROR(change.bind(4, updated.version).bind(5, now).bind(6, updated.id).run());
  WY_RETURN_IF_ERROR(keep_version(tx, updated));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return updated;
}

Status remove(store::Transaction& tx, const std::string& id) {
  WY_TRY(auto statement, tx.prepare("DELETE FROM policies WHERE id = ? RETURNING id"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return absent_policy();
  return tx.raise_epoch();
}

Result<Policy> one(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT id, name, text, description, version, "
                                          "created_at, updated_at FROM policies WHERE id = ?"));
  WY_TRY(auto found, read_policies(statement.bind(1, id)));
  if (found.empty()) return absent_policy();
  return std::move(found.front());
}

Result<std::vector<Policy>> all(store::Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, name, text, description, version, created_at, updated_at "
                          "FROM policies ORDER BY name, id"));
  return read_policies(statement);
}

Result<std::vector<Policy>> versions(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT policy_id, name, text, description, version, created_at, "
                          "created_at FROM policy_versions WHERE policy_id = ? "
                          "ORDER BY version DESC"));
  WY_TRY(auto found, read_policies(statement.bind(1, id)));
  if (found.empty()) return absent_policy();
  return found;
}

}  // namespace wenyuan::auth::policy_store
