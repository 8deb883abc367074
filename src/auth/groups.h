// Groups of users: what grants can be given to and policies can ask for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

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

// not_found when the group or the user is not there; adding a member twice changes nothing.
Status add_member(store::Transaction& tx, const std::string& group_id, const std::string& user_id);
Status remove_member(store::Transaction& tx, const std::string& group_id,
                     const std::string& user_id);
// Ids of users, sorted.
Result<std::vector<std::string>> members(store::Snapshot& snapshot, const std::string& group_id);

}  // namespace wenyuan::auth
