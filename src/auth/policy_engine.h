// Decides what a principal may see and do, and is the only maker of permits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/decider.h"
#include "auth/grants.h"
#include "auth/principal.h"
#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

struct Policy {
  std::string id;  // pol_…
  std::string name;
  std::string text;  // the short form: "allow if …" or "deny if …"; see policy/parser.h
  std::string description;
  std::int64_t version = 1;
  UnixMillis created_at = 0;  // of a version: when it was stored
  UnixMillis updated_at = 0;
};

// Thread-safe. Remembers decisions by (principal, epoch); decider.h says how they are made.
//
// Every question below first makes sure that the principal is still who it was when it was
// authenticated: unauthenticated when the user or the key is gone or disabled, conflict when roles,
// groups or attributes have changed (authenticate again, then retry).
class PolicyEngine {
 public:
  explicit PolicyEngine(store::AccessAttributes access);
  ~PolicyEngine();

  // Which attributes labels are made of.
  const store::AccessAttributes& access_attributes() const;

  // Everything that the principal may do this action on, as this snapshot has it. An empty permit
  // is a permit too: it opens nothing.
  Result<Permit> permit(store::Snapshot& snapshot, const Principal& principal, Action action) const;
  // The same for one document or collection, with reasons; not_found when it does not exist, so who
  // may not know that must not see this answer.
  Result<Decision> check(store::Snapshot& snapshot, const Principal& principal, Action action,
                         const std::string& resource_id) const;
  // Ids of collections whose name the principal may know (may read, write or manage), sorted.
  Result<std::vector<std::string>> visible_collections(store::Snapshot& snapshot,
                                                       const Principal& principal) const;

  // --- policies: invalid_argument with line, column and what was expected
  Result<Policy> add_policy(store::Transaction& tx, const Policy& policy, UnixMillis now) const;
  Result<Policy> update_policy(store::Transaction& tx, const Policy& policy, UnixMillis now) const;
  Status remove_policy(store::Transaction& tx, const std::string& id) const;
  Result<Policy> policy(store::Snapshot& snapshot, const std::string& id) const;
  Result<std::vector<Policy>> policies(store::Snapshot& snapshot) const;
  // The newest first; they outlive their policy.
  Result<std::vector<Policy>> policy_versions(store::Snapshot& snapshot,
                                              const std::string& id) const;

  // --- grants: see grants.h
  Result<Grant> add_grant(store::Transaction& tx, const Grant& grant, UnixMillis now) const;
  Status remove_grant(store::Transaction& tx, const std::string& id) const;
  Result<std::vector<Grant>> grants(store::Snapshot& snapshot,
                                    const std::string& resource_id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::auth
