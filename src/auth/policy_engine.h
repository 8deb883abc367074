// Decides what a principal may see and do, and is the only maker of permits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::auth {

struct Policy {
  std::string id;    // pol_…
  std::string name;
  std::string text;  // the short form: "allow if …" or "deny if …"
  std::string description;
  std::int64_t version = 1;
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
};

enum class GrantRole { reader, editor, owner };

struct Grant {
  std::string id;            // grt_…
  std::string principal_id;  // user or group
  GrantRole role = GrantRole::reader;
  std::string resource_id;   // collection or document
  UnixMillis created_at = 0;
};

struct Decision {
  bool allowed = false;
  std::vector<std::string> reasons;  // ids of policies or grants, or "owner"
  std::vector<std::string> errors;   // policies that could not be evaluated, with the reason
};

// Thread-safe; remembers decisions by (principal, epoch).
//
// Default deny. Personal collections: their owner, and who was granted something by grant; policies
// and roles never reach them. Organization collections: owner, grants, and any policy that allows
// reading; a policy that denies wins over everything, and one that denies but cannot be evaluated
// denies too.
class PolicyEngine {
 public:
  explicit PolicyEngine(store::AccessAttributes access);
  ~PolicyEngine();

  // Which attributes labels are made of.
  const store::AccessAttributes& access_attributes() const;

  // Everything that the principal may do this action on, as this snapshot has it. An empty permit
  // is a permit too: it opens nothing.
  Result<Permit> permit(store::Snapshot& snapshot, const Principal& principal, Action action) const;
  // The same for one label or collection, with reasons.
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

  // --- grants
  Result<Grant> add_grant(store::Transaction& tx, const Grant& grant, UnixMillis now) const;
  Status remove_grant(store::Transaction& tx, const std::string& id) const;
  Result<std::vector<Grant>> grants(store::Snapshot& snapshot, const std::string& resource_id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::auth
