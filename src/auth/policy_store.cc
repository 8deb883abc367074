#include "auth/policy_store.h"

#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth::policy_store {
namespace {

constexpr std::size_t kDescriptionSizeMax = 4096;
constexpr std::int64_t kPolicyCountMax = 10'000;

Error absent_policy() { return {ErrorCode::not_found, "there is no such policy"}; }

// A link that has been made must go on meaning something.
Status check_links(store::Snapshot& snapshot, const std::string& id, const PolicyText& read,
                   const PolicyLanguage& language) {
  WY_TRY(const auto links, policy_links(snapshot, id));
  for (const PolicyLink& link : links) {
    const Status fits = language.check_link(read, link.values);
    if (fits) continue;
    return Error{ErrorCode::conflict,
                 "the new text does not fit the link " + link.id + ": " + fits.error().message};
  }
  return Done{};
}

// Columns: id, name, text, description, slots, version, created_at, updated_at.
Result<std::vector<Policy>> read_policies(store::Statement& statement) {
  std::vector<Policy> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back({statement.text(0), statement.text(1), statement.text(2), statement.text(3),
                     statement.text(4), statement.integer(5), statement.integer(6),
                     statement.integer(7)});
  }
}

Status keep_version(store::Transaction& tx, const Policy& policy) {
  WY_TRY(auto insert, tx.prepare("INSERT INTO policy_versions (policy_id, version, name, text, "
                                 "description, slots, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, policy.id).bind(2, policy.version).bind(3, policy.name).bind(4, policy.text);
  return insert.bind(5, policy.description).bind(6, policy.slots).bind(7, policy.updated_at).run();
}

}  // namespace

Result<PolicyText> check(const Policy& policy, const PolicyLanguage& language) {
  WY_RETURN_IF_ERROR(check_name("name", policy.name));
  if (policy.description.size() > kDescriptionSizeMax || !is_utf8(policy.description)) {
    return Error{ErrorCode::invalid_argument, "description: expected at most 4096 bytes of UTF-8"};
  }
  PolicyText read = language.read(policy.text);
  if (read.policy) return read;
  return within("text", Error{ErrorCode::invalid_argument, read.error});
}

Result<Policy> insert(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now) {
  WY_TRY(const PolicyText read, check(policy, language));
  WY_TRY(auto count, tx.prepare("SELECT count(*) FROM policies"));
  WY_RETURN_IF_ERROR(count.step());
  if (count.integer(0) >= kPolicyCountMax) {
    return Error{ErrorCode::too_large, "there are 10000 policies already"};
  }
  Policy added = policy;
  added.id = new_id("pol");
  added.slots = read.slots();
  added.version = 1;
  added.created_at = added.updated_at = now;
  WY_TRY(auto insert,
         tx.prepare("INSERT INTO policies (id, name, text, description, slots, version, "
                    "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, added.id).bind(2, added.name).bind(3, added.text).bind(4, added.description);
  insert.bind(5, added.slots).bind(6, added.version);
  WY_RETURN_IF_ERROR(insert.bind(7, now).bind(8, now).run());
  WY_RETURN_IF_ERROR(keep_version(tx, added));
  return added;
}

Result<Policy> change(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now) {
  WY_TRY(Policy updated, one(tx, policy.id));
  WY_TRY(const PolicyText read, check(policy, language));
  WY_RETURN_IF_ERROR(check_links(tx, policy.id, read, language));
  updated.slots = read.slots();
  updated.name = policy.name;
  updated.text = policy.text;
  updated.description = policy.description;
  updated.version += 1;
  updated.updated_at = now;
  WY_TRY(auto statement, tx.prepare("UPDATE policies SET name = ?, text = ?, description = ?, "
                                    "slots = ?, version = ?, updated_at = ? WHERE id = ?"));
  statement.bind(1, updated.name).bind(2, updated.text).bind(3, updated.description);
  statement.bind(4, updated.slots).bind(5, updated.version).bind(6, now).bind(7, updated.id);
  WY_RETURN_IF_ERROR(statement.run());
  WY_RETURN_IF_ERROR(keep_version(tx, updated));
  return updated;
}

Result<std::int64_t> erase(store::Transaction& tx, const std::string& id) {
  WY_TRY(const std::int64_t links, delete_policy_links(tx, id));
  {
    WY_TRY(auto statement, tx.prepare("DELETE FROM policies WHERE id = ? RETURNING id"));
    WY_TRY(const bool found, statement.bind(1, id).step());
    if (!found) return absent_policy();
  }
  return links;
}

Result<Policy> add(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                   UnixMillis now) {
  WY_TRY(Policy added, insert(tx, policy, language, now));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return added;
}

Result<Policy> update(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now) {
  WY_TRY(Policy updated, change(tx, policy, language, now));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return updated;
}

Result<std::int64_t> remove(store::Transaction& tx, const std::string& id) {
  WY_TRY(const std::int64_t links, erase(tx, id));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return links;
}

Result<PolicyLink> add_link(store::Transaction& tx, const PolicyLink& link,
                            const PolicyLanguage& language, UnixMillis now) {
  WY_TRY(const Policy base, one(tx, link.policy_id));
  WY_TRY(PolicyLink added, insert_policy_link(tx, link, language.read(base.text), language, now));
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return added;
}

Result<Policy> one(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT id, name, text, description, slots, version, "
                                          "created_at, updated_at FROM policies WHERE id = ?"));
  WY_TRY(auto found, read_policies(statement.bind(1, id)));
  if (found.empty()) return absent_policy();
  return std::move(found.front());
}

Result<std::vector<Policy>> all(store::Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, name, text, description, slots, version, created_at, "
                          "updated_at FROM policies ORDER BY name, id"));
  return read_policies(statement);
}

Result<std::vector<Policy>> versions(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT policy_id, name, text, description, slots, version, "
                          "created_at, created_at FROM policy_versions WHERE policy_id = ? "
                          "ORDER BY version DESC"));
  WY_TRY(auto found, read_policies(statement.bind(1, id)));
  if (found.empty()) return absent_policy();
  return found;
}

}  // namespace wenyuan::auth::policy_store
