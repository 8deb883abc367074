// Decides what a principal may see and do, and is the only maker of permits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/decider.h"
#include "auth/grants.h"
#include "auth/identities.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

struct Policy {
  std::string id;  // pol_…
  std::string name;
  std::string text;  // Cedar, or the short form "allow if …", "deny if …"; see policy_language.h
  std::string description;
  std::int64_t version = 1;
  UnixMillis created_at = 0;  // of a version: when it was stored
  UnixMillis updated_at = 0;
};

// A change of policies that is only being thought about.
struct PolicyChange {
  enum class Kind { add, replace, remove };
  Kind kind = Kind::add;
  std::string id{};    // of the policy; none when one is added
  std::string text{};  // none when one is removed
};

// What a change would do to one user. Labels of collections as a whole have the id 0.
struct AccessChange {
  std::string user_id;
  std::string username;
  std::vector<Label> gained, lost;
};

// Thread-safe. Remembers decisions by (principal, epoch); decider.h says how they are made.
//
// Every question below first makes sure that the principal is still who it was when it was
// authenticated: unauthenticated when the user or the key is gone or disabled, conflict when roles,
// groups or attributes have changed (authenticate again, then retry).
class PolicyEngine {
 public:
  // `clock` gives policies the time; null: the system's. It must outlive the engine.
  explicit PolicyEngine(store::AccessAttributes access, const Clock* clock = nullptr);
  ~PolicyEngine();

  // Which attributes labels are made of.
  const store::AccessAttributes& access_attributes() const;
  // The schema that policies in Cedar are checked against.
  const std::string& policy_schema() const;

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

  // --- questions about everybody, for those who answer for access: what is in personal collections
  // is left out, and asking for one of them gives not_found
  //
  // too_large when there are so many users and labels that it would take minutes.
  Result<std::vector<User>> who_can(store::Snapshot& snapshot, Action action,
                                    const std::string& resource_id) const;
  // Labels, and collections as a whole (id 0).
  Result<std::vector<Label>> what_can(store::Snapshot& snapshot, const Principal& principal,
                                      Action action) const;
  // Who would gain or lose something, in the order of user names. not_found for the id of a policy
  // that does not exist, invalid_argument for a text that would not be stored.
  Result<std::vector<AccessChange>> simulate(store::Snapshot& snapshot, Action action,
                                             const std::vector<PolicyChange>& changes) const;

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
