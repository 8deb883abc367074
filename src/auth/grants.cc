#include "auth/grants.h"

#include <algorithm>

#include "auth/groups.h"
#include "auth/user_rows.h"
#include "base/id.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kGrantsPerResourceMax = 10'000;

// Columns: id, principal_id, role, resource_id, created_at.
Result<std::vector<Grant>> read_grants(store::Statement& statement) {
  std::vector<Grant> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    const auto role = grant_role(statement.text(2));
    if (!role) return Error{ErrorCode::corrupt, "a grant has a role that does not exist"};
    found.push_back(
        {statement.text(0), statement.text(1), *role, statement.text(3), statement.integer(4)});
  }
}

// Whether it is a document; not_found when it is nothing.
Result<bool> is_document(store::Snapshot& snapshot, const std::string& resource_id) {
  const auto collection = store::collection(snapshot, resource_id);
  if (collection) return false;
  if (collection.error().code != ErrorCode::not_found) return collection.error();
  const auto document = store::document_for_ingest(snapshot, resource_id);
  if (document) return true;
  if (document.error().code != ErrorCode::not_found) return document.error();
  return Error{ErrorCode::not_found, "there is no such collection or document"};
}

Status check_principal(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(const auto user, user_row(snapshot, id));
  if (user) return Done{};
  const auto found = group(snapshot, id);
  if (found) return Done{};
  if (found.error().code != ErrorCode::not_found) return found.error();
  return Error{ErrorCode::not_found, "there is no such user or group"};
}

// A document has its own compartment exactly while somebody has a grant on it.
Status settle_compartment(store::Transaction& tx, const std::string& resource_id,
                          const store::AccessAttributes& access) {
  const auto document = is_document(tx, resource_id);
  if (!document && document.error().code == ErrorCode::not_found) return Done{};
  if (!document) return document.error();
  if (!*document) return Done{};
  WY_TRY(auto any, tx.prepare("SELECT 1 FROM grants WHERE resource_id = ? LIMIT 1"));
  WY_TRY(const bool granted, any.bind(1, resource_id).step());
  return store::set_document_compartment(tx, resource_id, granted, access);
}

}  // namespace

std::string_view name(GrantRole role) {
  switch (role) {
    case GrantRole::reader: return "reader";
    case GrantRole::editor: return "editor";
    case GrantRole::owner: return "owner";
  }
  return "";
}

std::optional<GrantRole> grant_role(std::string_view name) {
  if (name == "reader") return GrantRole::reader;
  if (name == "editor") return GrantRole::editor;
  if (name == "owner") return GrantRole::owner;
  return std::nullopt;
}

bool opens(GrantRole role, Action action) {
  switch (action) {
    case Action::read: return true;
    case Action::write: return role != GrantRole::reader;
    case Action::manage: return role == GrantRole::owner;
  }
  return false;
}

Result<Grant> add_grant(store::Transaction& tx, const Grant& grant,
                        const store::AccessAttributes& access, UnixMillis now) {
  WY_RETURN_IF_ERROR(check_principal(tx, grant.principal_id));
  WY_TRY(const bool document, is_document(tx, grant.resource_id));
  WY_TRY(const auto present, grants_on(tx, grant.resource_id));
  if (present.size() >= kGrantsPerResourceMax) {
    return Error{ErrorCode::too_large, "more than 10000 grants on one resource; use a group"};
  }
  const bool repeated = std::ranges::any_of(present, [&](const Grant& other) {
    return other.principal_id == grant.principal_id && other.role == grant.role;
  });
  if (repeated) return Error{ErrorCode::conflict, "this was granted before"};
  Grant added = grant;
  added.id = new_id("grt");
  added.created_at = now;
  WY_TRY(auto insert, tx.prepare("INSERT INTO grants (id, principal_id, role, resource_id, "
                                 "created_at) VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, added.id).bind(2, added.principal_id).bind(3, name(added.role));
  WY_RETURN_IF_ERROR(insert.bind(4, added.resource_id).bind(5, now).run());
  if (document && present.empty()) {
    WY_RETURN_IF_ERROR(store::set_document_compartment(tx, added.resource_id, true, access));
  }
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return added;
}

Status remove_grant(store::Transaction& tx, const std::string& id,
                    const store::AccessAttributes& access) {
  std::string resource_id;
  {
    WY_TRY(auto remove, tx.prepare("DELETE FROM grants WHERE id = ? RETURNING resource_id"));
    WY_TRY(const bool found, remove.bind(1, id).step());
    if (!found) return Error{ErrorCode::not_found, "there is no such grant"};
    resource_id = remove.text(0);
  }
  WY_RETURN_IF_ERROR(settle_compartment(tx, resource_id, access));
  return tx.raise_epoch();
}

Status remove_grants_of(store::Transaction& tx, const std::string& principal_id,
                        const store::AccessAttributes& access) {
  std::vector<std::string> ids;
  {
    WY_TRY(auto select, tx.prepare("SELECT id FROM grants WHERE principal_id = ?"));
    select.bind(1, principal_id);
    for (;;) {
      WY_TRY(const bool more, select.step());
      if (!more) break;
      ids.push_back(select.text(0));
    }
  }
  for (const std::string& id : ids) WY_RETURN_IF_ERROR(remove_grant(tx, id, access));
  return Done{};
}

Result<Grant> grant(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT id, principal_id, role, resource_id, created_at "
                                          "FROM grants WHERE id = ?"));
  WY_TRY(auto found, read_grants(statement.bind(1, id)));
  if (found.empty()) return Error{ErrorCode::not_found, "there is no such grant"};
  return std::move(found.front());
}

Result<std::vector<Grant>> grants_on(store::Snapshot& snapshot, const std::string& resource_id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, principal_id, role, resource_id, created_at FROM grants "
                          "WHERE resource_id = ? ORDER BY created_at, id"));
  return read_grants(statement.bind(1, resource_id));
}

Result<std::vector<Grant>> grants_to(store::Snapshot& snapshot, const Principal& principal) {
  std::vector<std::string> holders = principal.group_ids;
  holders.push_back(principal.user_id);
  std::vector<Grant> all;
  for (const std::string& holder : holders) {
    WY_TRY(auto statement,
           snapshot.prepare("SELECT id, principal_id, role, resource_id, created_at FROM grants "
                            "WHERE principal_id = ?"));
    WY_TRY(auto found, read_grants(statement.bind(1, holder)));
    std::ranges::move(found, std::back_inserter(all));
  }
  return all;
}

}  // namespace wenyuan::auth
