// Policies and their versions in the database.
#pragma once

#include <string>
#include <vector>

#include "auth/policy_engine.h"
#include "auth/policy_language.h"

namespace wenyuan::auth::policy_store {

// Nothing is stored that the language refuses.
Result<Policy> add(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                   UnixMillis now);
Result<Policy> update(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now);
Status remove(store::Transaction& tx, const std::string& id);
Result<Policy> one(store::Snapshot& snapshot, const std::string& id);
// By name.
Result<std::vector<Policy>> all(store::Snapshot& snapshot);
Result<std::vector<Policy>> versions(store::Snapshot& snapshot, const std::string& id);

}  // namespace wenyuan::auth::policy_store
