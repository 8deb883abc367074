#include "auth/policy_links.h"

#include <algorithm>
#include <utility>

#include "auth/groups.h"
#include "auth/principal.h"
#include "auth/roles.h"
#include "auth/user_rows.h"
#include "base/id.h"
#include "store/content_store.h"

namespace wenyuan::auth {
namespace {

constexpr std::int64_t kLinkCountMax = 10'000;

Error absent(std::string_view field, std::string_view what) {
  std::string message(field);
  message.append(": there is no such ").append(what);
  return {ErrorCode::invalid_argument, std::move(message)};
}

Status found_or(const Status& found, std::string_view field, std::string_view what) {
  if (found || found.error().code != ErrorCode::not_found) return found;
  return absent(field, what);
}

template <class Value>
Status without_value(const Result<Value>& found) {
  if (!found) return found.error();
  return Done{};
}

Status check_principal(store::Snapshot& snapshot, const cedar::EntityUid& uid) {
  constexpr std::string_view kField = "principal";
  if (uid.type == "User") {
    WY_TRY(const auto user, user_row(snapshot, uid.id));
    if (user) return Done{};
    return absent(kField, "user");
  }
  if (uid.type == "Group") {
    return found_or(without_value(group(snapshot, uid.id)), kField, "group");
  }
  if (uid.type != "Role") {
    return Error{ErrorCode::invalid_argument, "principal: expected a User, a Group or a Role"};
  }
  return found_or(without_value(role(snapshot, uid.id)), kField, "role");
}

Status check_resource(store::Snapshot& snapshot, const cedar::EntityUid& uid) {
  if (uid.type != "Collection") {
    return Error{ErrorCode::invalid_argument, "resource: expected a Collection"};
  }
  const auto found = store::collection(snapshot, uid.id);
  if (!found) return found_or(found.error(), "resource", "collection");
  if (found->kind == CollectionKind::organization) return Done{};
  return absent("resource", "collection");
}

std::string id_of(const std::optional<cedar::EntityUid>& uid) { return uid ? uid->id : ""; }
std::string type_of(const std::optional<cedar::EntityUid>& uid) { return uid ? uid->type : ""; }

// Columns: id, policy_id, principal_type, principal_id, resource_id, created_at.
Result<std::vector<PolicyLink>> read_links(store::Statement& statement) {
  std::vector<PolicyLink> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    PolicyLink link{statement.text(0), statement.text(1), {}, statement.integer(5)};
    std::string type = statement.text(2);
    std::string resource = statement.text(4);
    if (!type.empty()) link.values.principal = {std::move(type), statement.text(3)};
    if (!resource.empty()) link.values.resource = {"Collection", std::move(resource)};
    found.push_back(std::move(link));
  }
}

Result<bool> is_there(store::Snapshot& snapshot, const PolicyLink& link) {
  WY_TRY(auto same,
         snapshot.prepare("SELECT 1 FROM policy_links WHERE policy_id = ? AND principal_type = ? "
                          "AND principal_id = ? AND resource_id = ?"));
  same.bind(1, link.policy_id).bind(2, type_of(link.values.principal));
  same.bind(3, id_of(link.values.principal)).bind(4, id_of(link.values.resource));
  return same.step();
}

}  // namespace

Status check_link_values(store::Snapshot& snapshot, const cedar::SlotValues& values) {
  if (values.principal) WY_RETURN_IF_ERROR(check_principal(snapshot, *values.principal));
  if (values.resource) WY_RETURN_IF_ERROR(check_resource(snapshot, *values.resource));
  return Done{};
}

Result<PolicyLink> insert_policy_link(store::Transaction& tx, const PolicyLink& link,
                                      const PolicyText& read, const PolicyLanguage& language,
                                      UnixMillis now) {
  WY_RETURN_IF_ERROR(language.check_link(read, link.values));
  WY_RETURN_IF_ERROR(check_link_values(tx, link.values));
  WY_TRY(const bool repeated, is_there(tx, link));
  if (repeated) return Error{ErrorCode::conflict, "the policy is linked like this already"};
  WY_TRY(auto count, tx.prepare("SELECT count(*) FROM policy_links"));
  WY_RETURN_IF_ERROR(count.step());
  if (count.integer(0) >= kLinkCountMax) {
    return Error{ErrorCode::too_large, "there are 10000 links already; use groups"};
  }
  PolicyLink added = link;
  added.id = new_id("lnk");
  added.created_at = now;
  WY_TRY(auto insert,
         tx.prepare("INSERT INTO policy_links (id, policy_id, principal_type, principal_id, "
                    "resource_id, created_at) VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(1, added.id).bind(2, added.policy_id).bind(3, type_of(added.values.principal));
  insert.bind(4, id_of(added.values.principal)).bind(5, id_of(added.values.resource));
  WY_RETURN_IF_ERROR(insert.bind(6, now).run());
  return added;
}

Status delete_policy_link(store::Transaction& tx, const std::string& policy_id,
                          const std::string& id) {
  WY_TRY(auto remove,
         tx.prepare("DELETE FROM policy_links WHERE id = ? AND policy_id = ? RETURNING id"));
  WY_TRY(const bool found, remove.bind(1, id).bind(2, policy_id).step());
  if (found) return Done{};
  return Error{ErrorCode::not_found, "the policy has no such link"};
}

Result<std::int64_t> delete_policy_links(store::Transaction& tx, const std::string& policy_id) {
  WY_TRY(auto count, tx.prepare("SELECT count(*) FROM policy_links WHERE policy_id = ?"));
  WY_RETURN_IF_ERROR(count.bind(1, policy_id).step());
  const std::int64_t removed = count.integer(0);
  WY_TRY(auto remove, tx.prepare("DELETE FROM policy_links WHERE policy_id = ?"));
  WY_RETURN_IF_ERROR(remove.bind(1, policy_id).run());
  return removed;
}

Result<std::vector<PolicyLink>> policy_links(store::Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, policy_id, principal_type, principal_id, resource_id, "
                          "created_at FROM policy_links ORDER BY policy_id, id"));
  return read_links(statement);
}

Result<std::vector<PolicyLink>> policy_links(store::Snapshot& snapshot,
                                             const std::string& policy_id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, policy_id, principal_type, principal_id, resource_id, "
                          "created_at FROM policy_links WHERE policy_id = ? ORDER BY id"));
  return read_links(statement.bind(1, policy_id));
}

}  // namespace wenyuan::auth
