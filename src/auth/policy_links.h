// Links of templates: what fills the open slots of a policy that has some.
#pragma once

#include <string>
#include <vector>

#include "auth/cedar/policy_set.h"
#include "auth/policy_language.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

// The values are a User, Group or Role for ?principal, a Collection for ?resource.
struct PolicyLink {
  std::string id;         // lnk_…
  std::string policy_id;  // the template
  cedar::SlotValues values;
  UnixMillis created_at = 0;
};

// Whether those who are named exist, and are of a kind that fills the slot; personal collections
// count as not there.
Status check_link_values(store::Snapshot& snapshot, const cedar::SlotValues& values);

// A template with the text `read` is linked. invalid_argument when something does not fit or does
// not exist, conflict when there is such a link already.
// None of them raises the epoch: their callers do, once.
Result<PolicyLink> insert_policy_link(store::Transaction& tx, const PolicyLink& link,
                                      const PolicyText& read, const PolicyLanguage& language,
                                      UnixMillis now);
// not_found when that policy has no such link.
Status delete_policy_link(store::Transaction& tx, const std::string& policy_id,
                          const std::string& id);
// How many there were.
Result<std::int64_t> delete_policy_links(store::Transaction& tx, const std::string& policy_id);

// By policy, then by id; of one policy, or of all.
Result<std::vector<PolicyLink>> policy_links(store::Snapshot& snapshot);
Result<std::vector<PolicyLink>> policy_links(store::Snapshot& snapshot,
                                             const std::string& policy_id);

}  // namespace wenyuan::auth
