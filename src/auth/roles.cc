#include "auth/roles.h"

#include <algorithm>

#include "auth/user_rows.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kNameSizeMax = 63;
constexpr std::size_t kDescriptionSizeMax = 1024;
constexpr std::int64_t kRolesMax = 1000;

struct BuiltIn {
  std::string_view name, description;
  DutySet duties;
};

constexpr BuiltIn kBuiltIn[] = {
    {kAdminRole, "Manages users, groups, roles, policies and quotas, and reads the audit log",
     DutySet::all().without({Duty::audit_read_personal})},
    {"auditor",
     "Sees who may do what, and what was done",
     {Duty::audit_hold, Duty::audit_read, Duty::audit_read_personal, Duty::break_glass_approve,
      Duty::break_glass_read, Duty::directory_read, Duty::metrics_read, Duty::policies_read}},
    {"data_scientist", "Looks at how well the server does", {Duty::metrics_read}},
    {"editor", "For policies: who writes in the organization's collections", {}},
    {"model_admin", "Looks after the models", {Duty::metrics_read}},
    {"owner", "For policies: who manages the organization's collections", {}},
    {"reader", "For policies: who reads the organization's collections", {}},
};

const BuiltIn* built_in(std::string_view name) {
  const auto found = std::ranges::find(kBuiltIn, name, &BuiltIn::name);
  return found == std::end(kBuiltIn) ? nullptr : &*found;
}

Role to_role(const BuiltIn& known) {
  Role role;
  role.name = known.name;
  role.description = known.description;
  role.duties = known.duties;
  role.built_in = true;
  return role;
}

Error absent_role() { return {ErrorCode::not_found, "there is no such role"}; }

// Duties that a later version has dropped are nobody's.
DutySet duties_in(std::string_view text) {
  DutySet set;
  for (const std::string& word : words(text)) {
    if (const auto known = duty(word)) set.add(*known);
  }
  return set;
}

// Columns: name, description, duties, created_at, updated_at.
Role read_role(const store::Statement& statement) {
  Role role;
  role.name = statement.text(0);
  role.description = statement.text(1);
  role.duties = duties_in(statement.text(2));
  role.created_at = statement.integer(3);
  role.updated_at = statement.integer(4);
  return role;
}

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

Status check_name_of(std::string_view name) {
  const bool fine = !name.empty() && name.size() <= kNameSizeMax && is_letter(name[0]) &&
                    std::ranges::all_of(name, [](char c) {
                      return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
                    });
  if (fine) return Done{};
  return Error{ErrorCode::invalid_argument,
               "name: expected a letter a-z, then up to 62 of a-z, 0-9, _ and -"};
}

Status check_description(const std::string& description) {
  if (description.size() <= kDescriptionSizeMax && is_utf8(description)) return Done{};
  return Error{ErrorCode::invalid_argument, "description: expected at most 1024 bytes of UTF-8"};
}

Status check_room(store::Snapshot& snapshot) {
  WY_TRY(auto count, snapshot.prepare("SELECT count(*) FROM roles"));
  WY_RETURN_IF_ERROR(count.step());
  if (count.integer(0) < kRolesMax) return Done{};
  return Error{ErrorCode::conflict, "there are 1000 roles; remove some first"};
}

}  // namespace

bool is_built_in(std::string_view role) { return built_in(role) != nullptr; }

Result<Role> add_role(store::Transaction& tx, const Role& wanted, UnixMillis now) {
  WY_RETURN_IF_ERROR(check_name_of(wanted.name));
  WY_RETURN_IF_ERROR(check_description(wanted.description));
  WY_RETURN_IF_ERROR(check_room(tx));
  if (role(tx, wanted.name)) return Error{ErrorCode::conflict, "name: this name is taken"};
  Role added = wanted;
  added.built_in = false;
  added.created_at = added.updated_at = now;
  WY_TRY(auto insert, tx.prepare("INSERT INTO roles (name, description, duties, created_at, "
                                 "updated_at) VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, added.name).bind(2, added.description).bind(3, joined(added.duties.names()));
  WY_RETURN_IF_ERROR(insert.bind(4, now).bind(5, now).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return added;
}

Result<Role> update_role(store::Transaction& tx, const Role& changed, UnixMillis now) {
  WY_TRY(Role updated, role(tx, changed.name));
  if (updated.built_in) {
    return Error{ErrorCode::conflict, "this role is built in and cannot be changed"};
  }
  WY_RETURN_IF_ERROR(check_description(changed.description));
  updated.description = changed.description;
  updated.duties = changed.duties;
  updated.updated_at = now;
  WY_TRY(auto update, tx.prepare("UPDATE roles SET description = ?, duties = ?, updated_at = ? "
                                 "WHERE name = ?"));
  update.bind(1, updated.description).bind(2, joined(updated.duties.names()));
  WY_RETURN_IF_ERROR(update.bind(3, now).bind(4, updated.name).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return updated;
}

Status remove_role(store::Transaction& tx, std::string_view name) {
  WY_TRY(const Role present, role(tx, name));
  if (present.built_in) {
    return Error{ErrorCode::conflict, "this role is built in and cannot be removed"};
  }
  WY_TRY(const std::int64_t holders, role_holders(tx, name));
  if (holders > 0) {
    return Error{ErrorCode::conflict, std::to_string(holders) +
                                          (holders == 1 ? " user holds" : " users hold") +
                                          " this role; take it from them first"};
  }
  WY_TRY(auto remove, tx.prepare("DELETE FROM roles WHERE name = ?"));
  WY_RETURN_IF_ERROR(remove.bind(1, name).run());
  return tx.raise_epoch();
}

Result<Role> role(store::Snapshot& snapshot, std::string_view name) {
  if (const BuiltIn* known = built_in(name)) return to_role(*known);
  WY_TRY(auto statement, snapshot.prepare("SELECT name, description, duties, created_at, "
                                          "updated_at FROM roles WHERE name = ?"));
  WY_TRY(const bool found, statement.bind(1, name).step());
  if (!found) return absent_role();
  return read_role(statement);
}

Result<std::vector<Role>> roles(store::Snapshot& snapshot) {
  std::vector<Role> found;
  for (const BuiltIn& known : kBuiltIn) found.push_back(to_role(known));
  WY_TRY(auto statement, snapshot.prepare("SELECT name, description, duties, created_at, "
                                          "updated_at FROM roles ORDER BY name"));
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back(read_role(statement));
  }
}

Result<std::int64_t> role_holders(store::Snapshot& snapshot, std::string_view name) {
  WY_TRY(auto count, snapshot.prepare("SELECT count(*) FROM user_roles WHERE role = ?"));
  WY_RETURN_IF_ERROR(count.bind(1, name).step());
  return count.integer(0);
}

Result<DutySet> duties_of(store::Snapshot& snapshot, const std::vector<std::string>& names) {
  DutySet all;
  for (const std::string& one : names) {
    const auto found = role(snapshot, one);
    if (found) all.add(found->duties);
    if (!found && found.error().code != ErrorCode::not_found) return found.error();
  }
  return all;
}

Status check_roles_exist(store::Snapshot& snapshot, const std::vector<std::string>& names) {
  for (const std::string& one : names) {
    const auto found = role(snapshot, one);
    if (found) continue;
    if (found.error().code != ErrorCode::not_found) return found.error();
    return Error{ErrorCode::invalid_argument, "roles: there is no role " + one};
  }
  return Done{};
}

Status check_hands_on(const Principal& actor, DutySet duties) {
  if (actor.acts_as(kAdminRole)) return Done{};
  const DutySet held = actor.has_scope("admin") ? actor.duties : DutySet();
  if (held.has_all(duties)) return Done{};
  return Error{ErrorCode::forbidden,
               "This needs a duty that you do not have: " + duties.without(held).names().front()};
}

Status check_outranks(store::Snapshot& snapshot, const Principal& actor,
                      const std::string& user_id) {
  if (actor.user_id == user_id) return Done{};
  WY_TRY(const auto row, user_row(snapshot, user_id));
  if (!row) return Error{ErrorCode::not_found, "there is no such user"};
  WY_TRY(const DutySet theirs, duties_of(snapshot, row->user.roles));
  return check_hands_on(actor, theirs);
}

Status check_gives_roles(store::Snapshot& snapshot, const Principal& actor,
                         const std::string& user_id, const std::vector<std::string>& after) {
  WY_RETURN_IF_ERROR(check_roles_exist(snapshot, after));
  WY_TRY(const DutySet wanted, duties_of(snapshot, after));
  if (actor.user_id == user_id) {
    if (actor.duties.has_all(wanted)) return Done{};
    return Error{ErrorCode::forbidden,
                 "Nobody gives themselves a duty: " + wanted.without(actor.duties).names().front()};
  }
  return check_hands_on(actor, wanted);
}

Status check_shapes_role(store::Snapshot& snapshot, const Principal& actor, const Role& after) {
  const auto before = role(snapshot, after.name);
  if (!before && before.error().code != ErrorCode::not_found) return before.error();
  DutySet touched = after.duties;
  if (before) touched.add(before->duties);
  WY_RETURN_IF_ERROR(check_hands_on(actor, touched));
  if (!actor.has_role(after.name) || actor.duties.has_all(after.duties)) return Done{};
  return Error{ErrorCode::forbidden, "Nobody gives themselves a duty: " +
                                         after.duties.without(actor.duties).names().front()};
}

}  // namespace wenyuan::auth
