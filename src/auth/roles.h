// Roles: named sets of duties, those that are built in and those that an organization makes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/duties.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

inline constexpr std::string_view kAdminRole = "admin";

struct Role {
  std::string name;         // what users hold and policies ask for: Role::"helpdesk"
  std::string description;  // at most 1,024 bytes
  DutySet duties;           // may be empty: a role for policies alone
  bool built_in = false;
  UnixMillis created_at = 0;  // 0 for one that is built in
  UnixMillis updated_at = 0;
};

// admin, auditor, data_scientist, editor, model_admin, owner, reader. Those named like the roles of
// grants have no duties: what they open of the organization's collections is for policies to say.
bool is_built_in(std::string_view role);

// --- custom roles: every change raises the epoch; what a role's holders may do changes with it

// invalid_argument unless the name is a-z first, then up to 62 of a-z, 0-9, _ and -; conflict when
// it is taken, or built in.
Result<Role> add_role(store::Transaction& tx, const Role& role, UnixMillis now);
// Its name cannot change. conflict for one that is built in.
Result<Role> update_role(store::Transaction& tx, const Role& role, UnixMillis now);
// conflict while somebody holds it.
Status remove_role(store::Transaction& tx, std::string_view name);
Result<Role> role(store::Snapshot& snapshot, std::string_view name);
// Those built in first, each kind by name.
Result<std::vector<Role>> roles(store::Snapshot& snapshot);
// How many users hold it, disabled ones too.
Result<std::int64_t> role_holders(store::Snapshot& snapshot, std::string_view name);

// Of all these roles together; one that does not exist has none.
Result<DutySet> duties_of(store::Snapshot& snapshot, const std::vector<std::string>& roles);
// invalid_argument that names the first that does not exist.
Status check_roles_exist(store::Snapshot& snapshot, const std::vector<std::string>& roles);

// --- who may hand on what: nobody comes to more than they have
//
// forbidden unless the one who acts has all of these duties. Holders of the role admin may hand on
// every duty to others, also those that are not theirs: reading what is personal in the audit log
// is for somebody else, whom they appoint.
Status check_hands_on(const Principal& actor, DutySet duties);
// The same for the duties of a user, whose credentials or account somebody else is about to change:
// whoever can sign in as another has their duties.
Status check_outranks(store::Snapshot& snapshot, const Principal& actor,
                      const std::string& user_id);
// Before a user's roles become `after`; nobody raises themselves, administrators neither.
Status check_gives_roles(store::Snapshot& snapshot, const Principal& actor,
                         const std::string& user_id, const std::vector<std::string>& after);
// Before a role is added, or becomes `after`.
Status check_shapes_role(store::Snapshot& snapshot, const Principal& actor, const Role& after);

}  // namespace wenyuan::auth
