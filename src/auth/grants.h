// Grants: what a user or a group was given on one collection or one document.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

// reader: read. editor: read and write. owner: read, write and manage.
enum class GrantRole { reader, editor, owner };

struct Grant {
  std::string id;            // grt_…
  std::string principal_id;  // user or group
  GrantRole role = GrantRole::reader;
  std::string resource_id;  // collection or document
  UnixMillis created_at = 0;
};

// Wire names.
std::string_view name(GrantRole role);
std::optional<GrantRole> grant_role(std::string_view name);

bool opens(GrantRole role, Action action);

// Both must exist, and the same may not be granted twice. The first grant on a document gives it a
// compartment of its own; `access` is what labels are made of.
Result<Grant> add_grant(store::Transaction& tx, const Grant& grant,
                        const store::AccessAttributes& access, UnixMillis now);
Status remove_grant(store::Transaction& tx, const std::string& id,
                    const store::AccessAttributes& access);
// All that a user or group was given; for when it is removed. Raises no epoch when there is
// nothing.
Status remove_grants_of(store::Transaction& tx, const std::string& principal_id,
                        const store::AccessAttributes& access);

Result<Grant> grant(store::Snapshot& snapshot, const std::string& id);
Result<std::vector<Grant>> grants_on(store::Snapshot& snapshot, const std::string& resource_id);
// To the user and to each of the groups.
Result<std::vector<Grant>> grants_to(store::Snapshot& snapshot, const Principal& principal);

}  // namespace wenyuan::auth
