// Groups of users and of other groups: what grants can be given to and policies can ask for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

inline constexpr std::string_view kGroupIdHead = "grp_";

struct Group {
  std::string id;           // grp_…
  std::string name;         // unique, case-insensitive
  std::string description;  // at most 1,024 bytes
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
};

// Every change raises the epoch. conflict when the name is taken.
Result<Group> add_group(store::Transaction& tx, const Group& group, UnixMillis now);
Result<Group> update_group(store::Transaction& tx, const Group& group, UnixMillis now);
// With its memberships and grants.
Status remove_group(store::Transaction& tx, const std::string& id,
                    const store::AccessAttributes& access);
Result<Group> group(store::Snapshot& snapshot, const std::string& id);
// By name.
Result<std::vector<Group>> groups(store::Snapshot& snapshot);

// --- members: users and groups. Who is in a group is in every group that it is in, and so on up.

inline constexpr int kGroupDepthMax =
    10;  // groups on the longest way from the lowest to the highest

// not_found when the group or the member is not there; conflict when a group would come to be in
// itself, or groups would stand deeper than kGroupDepthMax. Adding a member twice changes nothing.
Status add_member(store::Transaction& tx, const std::string& group_id,
                  const std::string& member_id);
Status remove_member(store::Transaction& tx, const std::string& group_id,
                     const std::string& member_id);
// Makes the direct members exactly these; errors as add_member.
Status set_members(store::Transaction& tx, const std::string& group_id,
                   std::vector<std::string> member_ids);

// Ids of the direct members, users and groups, sorted.
Result<std::vector<std::string>> members(store::Snapshot& snapshot, const std::string& group_id);
// Ids of all users in it, directly or through other groups, sorted; those after `after` alone.
Result<std::vector<std::string>> users_in(store::Snapshot& snapshot, const std::string& group_id,
                                          const std::string& after, int count_max);
// Ids of the groups that a user or a group is in directly, sorted.
Result<std::vector<std::string>> direct_groups_of(store::Snapshot& snapshot,
                                                  const std::string& member_id);
// Ids of all groups that a user or a group is in, directly or through other groups, sorted.
Result<std::vector<std::string>> groups_of(store::Snapshot& snapshot, const std::string& member_id);

}  // namespace wenyuan::auth
