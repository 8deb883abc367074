// Who is in which group, directly or through other groups.
#include <algorithm>

#include "auth/groups.h"
#include "auth/user_rows.h"

namespace wenyuan::auth {
namespace {

Result<std::vector<std::string>> ids_of(store::Statement& statement) {
  std::vector<std::string> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back(statement.text(0));
  }
}

Result<int> number_of(store::Statement& statement) {
  WY_RETURN_IF_ERROR(statement.step());
  return static_cast<int>(statement.integer(0));
}

// How many groups the longest way up from this one has, itself included.
Result<int> height_above(store::Snapshot& snapshot, const std::string& group_id) {
  WY_TRY(auto statement,
         snapshot.prepare("WITH RECURSIVE up (id, height) AS (VALUES (?1, 1) UNION "
                          "SELECT group_id, height + 1 FROM group_members JOIN up "
                          "ON member_id = up.id WHERE height <= ?2) SELECT max(height) FROM up"));
  return number_of(statement.bind(1, group_id).bind(2, kGroupDepthMax));
}

// The same downwards.
Result<int> depth_below(store::Snapshot& snapshot, const std::string& group_id) {
  WY_TRY(auto statement,
         snapshot.prepare("WITH RECURSIVE down (id, depth) AS (VALUES (?1, 1) UNION "
                          "SELECT member_id, depth + 1 FROM group_members JOIN down "
                          "ON group_id = down.id WHERE depth <= ?2 AND member_id GLOB 'grp_*') "
                          "SELECT max(depth) FROM down"));
  return number_of(statement.bind(1, group_id).bind(2, kGroupDepthMax));
}

Status check_nesting(store::Snapshot& snapshot, const std::string& group_id,
                     const std::string& member_id) {
  WY_TRY(const auto above, groups_of(snapshot, group_id));
  if (member_id == group_id || std::ranges::binary_search(above, member_id)) {
    return Error{ErrorCode::conflict, "group " + member_id + " would come to be in itself"};
  }
  WY_TRY(const int height, height_above(snapshot, group_id));
  WY_TRY(const int depth, depth_below(snapshot, member_id));
  if (height + depth <= kGroupDepthMax) return Done{};
  return Error{ErrorCode::conflict, "groups would stand in each other more than " +
                                        std::to_string(kGroupDepthMax) + " deep"};
}

Status check_member(store::Snapshot& snapshot, const std::string& member_id) {
  WY_TRY(const auto user, user_row(snapshot, member_id));
  if (user) return Done{};
  const auto found = group(snapshot, member_id);
  if (found) return Done{};
  if (found.error().code != ErrorCode::not_found) return found.error();
  return Error{ErrorCode::not_found, "there is no such user or group"};
}

}  // namespace

Status add_member(store::Transaction& tx, const std::string& group_id,
                  const std::string& member_id) {
  WY_RETURN_IF_ERROR(group(tx, group_id));
  WY_RETURN_IF_ERROR(check_member(tx, member_id));
  if (member_id.starts_with(kGroupIdHead)) {
    WY_RETURN_IF_ERROR(check_nesting(tx, group_id, member_id));
  }
  WY_TRY(auto insert, tx.prepare("INSERT INTO group_members (group_id, member_id) VALUES (?, ?) "
                                 "ON CONFLICT DO NOTHING"));
  WY_RETURN_IF_ERROR(insert.bind(1, group_id).bind(2, member_id).run());
  return tx.raise_epoch();
}

Status remove_member(store::Transaction& tx, const std::string& group_id,
                     const std::string& member_id) {
  WY_RETURN_IF_ERROR(group(tx, group_id));
  WY_TRY(auto remove, tx.prepare("DELETE FROM group_members WHERE group_id = ? AND member_id = ? "
                                 "RETURNING member_id"));
  WY_TRY(const bool found, remove.bind(1, group_id).bind(2, member_id).step());
  if (!found) return Error{ErrorCode::not_found, "this is no member of the group"};
  return tx.raise_epoch();
}

Status set_members(store::Transaction& tx, const std::string& group_id,
                   std::vector<std::string> member_ids) {
  std::ranges::sort(member_ids);
  member_ids.erase(std::unique(member_ids.begin(), member_ids.end()), member_ids.end());
  WY_TRY(const auto before, members(tx, group_id));
  for (const std::string& id : before) {
    if (std::ranges::binary_search(member_ids, id)) continue;
    WY_RETURN_IF_ERROR(remove_member(tx, group_id, id));
  }
  for (const std::string& id : member_ids) {
    if (std::ranges::binary_search(before, id)) continue;
    const Status added = add_member(tx, group_id, id);
    if (added) continue;
    if (added.error().code != ErrorCode::not_found) return added;
    return Error{ErrorCode::not_found, "there is no user or group " + id};
  }
  return Done{};
}

Result<std::vector<std::string>> members(store::Snapshot& snapshot, const std::string& group_id) {
  WY_RETURN_IF_ERROR(group(snapshot, group_id));
  WY_TRY(auto statement, snapshot.prepare("SELECT member_id FROM group_members WHERE group_id = ? "
                                          "ORDER BY member_id"));
  return ids_of(statement.bind(1, group_id));
}

Result<std::vector<std::string>> users_in(store::Snapshot& snapshot, const std::string& group_id,
                                          const std::string& after, int count_max) {
  WY_RETURN_IF_ERROR(group(snapshot, group_id));
  WY_TRY(auto statement,
         snapshot.prepare("WITH RECURSIVE down (id) AS (VALUES (?1) UNION "
                          "SELECT member_id FROM group_members JOIN down ON group_id = down.id) "
                          "SELECT down.id FROM down JOIN users ON users.id = down.id "
                          "WHERE down.id > ?2 ORDER BY down.id LIMIT ?3"));
  return ids_of(statement.bind(1, group_id).bind(2, after).bind(3, count_max));
}

Result<std::vector<std::string>> direct_groups_of(store::Snapshot& snapshot,
                                                  const std::string& member_id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT group_id FROM group_members WHERE member_id = ? "
                                          "ORDER BY group_id"));
  return ids_of(statement.bind(1, member_id));
}

Result<std::vector<std::string>> groups_of(store::Snapshot& snapshot,
                                           const std::string& member_id) {
  WY_TRY(auto statement,
         snapshot.prepare("WITH RECURSIVE up (id) AS ("
                          "SELECT group_id FROM group_members WHERE member_id = ? UNION "
                          "SELECT group_id FROM group_members JOIN up ON member_id = up.id) "
                          "SELECT id FROM up ORDER BY id"));
  return ids_of(statement.bind(1, member_id));
}

}  // namespace wenyuan::auth
