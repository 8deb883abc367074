// Policies and their versions in the database.
#pragma once

#include <string>
#include <vector>

#include "auth/policy_engine.h"

namespace wenyuan::auth::policy_store {

// Nothing is stored that policy::parse() or policy::check() refuses.
Result<Policy> add(store::Transaction& tx, const Policy& policy,
                   const store::AccessAttributes& access, UnixMillis now);
Result<Policy> update(store::Transaction& tx, const Policy& policy,
                      const store::AccessAttributes& access, UnixMillis now);
Status remove(store::Transaction& tx, const std::string& id);
Result<Policy> one(store::Snapshot& snapshot, const std::string& id);
// By name.
Result<std::vector<Policy>> all(store::Snapshot& snapshot);
Result<std::vector<Policy>> versions(store::Snapshot& snapshot, const std::string& id);

}  // namespace wenyuan::auth::policy_store
