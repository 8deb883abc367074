// Policies and their versions in the database.
#pragma once

#include <string>
#include <vector>

#include "auth/policy_engine.h"
#include "auth/policy_language.h"

namespace wenyuan::auth::policy_store {

// The text as it was read; invalid_argument says what is wrong with name, text or description.
Result<PolicyText> check(const Policy& policy, const PolicyLanguage& language);

// add(), update() and remove() without raising the epoch, for those who do more than one thing.
Result<Policy> insert(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now);
Result<Policy> change(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now);
Result<std::int64_t> erase(store::Transaction& tx, const std::string& id);

// Nothing is stored that the language refuses, or that the policy's links do not fit (conflict).
// Those that change something raise the epoch.
Result<Policy> add(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                   UnixMillis now);
Result<Policy> update(store::Transaction& tx, const Policy& policy, const PolicyLanguage& language,
                      UnixMillis now);
// With its links; how many there were.
Result<std::int64_t> remove(store::Transaction& tx, const std::string& id);
Result<PolicyLink> add_link(store::Transaction& tx, const PolicyLink& link,
                            const PolicyLanguage& language, UnixMillis now);
Result<Policy> one(store::Snapshot& snapshot, const std::string& id);
// By name.
Result<std::vector<Policy>> all(store::Snapshot& snapshot);
Result<std::vector<Policy>> versions(store::Snapshot& snapshot, const std::string& id);

}  // namespace wenyuan::auth::policy_store
