#include "auth/groups.h"

#include <algorithm>

#include "auth/grants.h"
#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kDescriptionSizeMax = 1024;

Error absent_group() { return {ErrorCode::not_found, "there is no such group"}; }

// Columns: id, name, description, created_at, updated_at.
Group read_group(const store::Statement& statement) {
  return {statement.text(0), statement.text(1), statement.text(2), statement.integer(3),
          statement.integer(4)};
}

// `id` is the group that may have the name; empty for a new one.
Status check_group(store::Snapshot& snapshot, const Group& group, std::string_view id) {
  WY_RETURN_IF_ERROR(check_name("name", group.name));
  if (group.description.size() > kDescriptionSizeMax || !is_utf8(group.description)) {
    return Error{ErrorCode::invalid_argument, "description: expected at most 1024 bytes of UTF-8"};
  }
  WY_TRY(auto same, snapshot.prepare("SELECT 1 FROM user_groups WHERE name_key = ? AND id <> ?"));
  WY_TRY(const bool taken, same.bind(1, to_lower_ascii(group.name)).bind(2, id).step());
  if (taken) return Error{ErrorCode::conflict, "name: this name is taken"};
  return Done{};
}

}  // namespace

Result<Group> add_group(store::Transaction& tx, const Group& group, UnixMillis now) {
  WY_RETURN_IF_ERROR(check_group(tx, group, ""));
  Group added = group;
  added.id = new_id("grp");
  added.created_at = added.updated_at = now;
  WY_TRY(auto insert, tx.prepare("INSERT INTO user_groups (id, name, name_key, description, "
                                 "created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(1, added.id).bind(2, added.name).bind(3, to_lower_ascii(added.name));
  WY_RETURN_IF_ERROR(insert.bind(4, added.description).bind(5, now).bind(6, now).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return added;
}

Result<Group> update_group(store::Transaction& tx, const Group& changed, UnixMillis now) {
  WY_TRY(Group updated, group(tx, changed.id));
  updated.name = changed.name;
  updated.description = changed.description;
  updated.updated_at = now;
  WY_RETURN_IF_ERROR(check_group(tx, updated, updated.id));
  WY_TRY(auto update, tx.prepare("UPDATE user_groups SET name = ?, name_key = ?, description = ?, "
                                 "updated_at = ? WHERE id = ?"));
  update.bind(1, updated.name).bind(2, to_lower_ascii(updated.name)).bind(3, updated.description);
  WY_RETURN_IF_ERROR(update.bind(4, now).bind(5, updated.id).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return updated;
}

Status remove_group(store::Transaction& tx, const std::string& id,
                    const store::AccessAttributes& access) {
  WY_RETURN_IF_ERROR(group(tx, id));
  WY_RETURN_IF_ERROR(remove_grants_of(tx, id, access));
  WY_TRY(auto empty, tx.prepare("DELETE FROM group_members WHERE group_id = ?1 OR member_id = ?1"));
  WY_RETURN_IF_ERROR(empty.bind(1, id).run());
  WY_TRY(auto remove, tx.prepare("DELETE FROM user_groups WHERE id = ?"));
  WY_RETURN_IF_ERROR(remove.bind(1, id).run());
  return tx.raise_epoch();
}

Result<Group> group(store::Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT id, name, description, created_at, updated_at "
                                          "FROM user_groups WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return absent_group();
  return read_group(statement);
}

Result<std::vector<Group>> groups(store::Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT id, name, description, created_at, updated_at "
                                          "FROM user_groups ORDER BY name_key"));
  std::vector<Group> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back(read_group(statement));
  }
}

}  // namespace wenyuan::auth
