// Decides what a principal may see and do, and is the only maker of permits.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/attribute_kinds.h"
#include "auth/decider.h"
#include "auth/grants.h"
#include "auth/identities.h"
#include "auth/policy_links.h"
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
  std::string slots;  // PolicyText::slots(): of a template, which decides only through its links
  std::int64_t version = 1;
  UnixMillis created_at = 0;  // of a version: when it was stored
  UnixMillis updated_at = 0;
};

struct UnreadablePolicy {
  std::string id;
  std::string error;
  bool denies_everything = false;  // else it gives nothing
};

// A change of policies that is only being thought about. What is removed takes its links along.
struct PolicyChange {
  enum class Kind { add, replace, remove, link, unlink };
  Kind kind = Kind::add;
  std::string id{};    // of the policy; of one that is added any, for links in the same change
  std::string text{};  // to add, or to replace with
  cedar::SlotValues values{};  // to link with
  std::string link_id{};       // to unlink
};

// One policy as a file says it. A policy is known by its name; several of one name by their order,
// which is that of their ids.
struct PolicyEntry {
  std::string name, text, description;
  // In the place of the links that there are; nothing: those stay.
  std::optional<std::vector<cedar::SlotValues>> links{};
};

struct PolicyImport {
  std::vector<PolicyEntry> policies;
  bool prune = false;  // removes the policies that are not among them
};

// What an import does about one policy: `before` has no id when it is added, `after` has no name
// when it is removed or left as it is for not being part of the import.
struct PolicyStep {
  enum class Kind { add, change, remove, keep, leave };
  Kind kind = Kind::keep;
  Policy before{};
  PolicyEntry after{};
  bool text_changes = false, description_changes = false;
  std::vector<cedar::SlotValues> links_added{};
  std::vector<PolicyLink> links_removed{};
};

// In the order of the import, then what it does not name.
struct PolicyPlan {
  std::vector<PolicyStep> steps;

  bool changes_something() const {
    return std::any_of(steps.begin(), steps.end(), [](const PolicyStep& step) {
      return step.kind != PolicyStep::Kind::keep && step.kind != PolicyStep::Kind::leave;
    });
  }
};

struct ImportProblem;  // policy_import.h

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
  explicit PolicyEngine(AttributeKinds kinds, const Clock* clock = nullptr);
  ~PolicyEngine();

  // Which attributes labels are made of.
  const store::AccessAttributes& access_attributes() const;
  // Of what kind they and those of users are.
  const AttributeKinds& attribute_kinds() const;
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

  // --- policies: invalid_argument with line, column and what was expected; conflict when a change
  // does not fit the links that there are
  Result<Policy> add_policy(store::Transaction& tx, const Policy& policy, UnixMillis now) const;
  Result<Policy> update_policy(store::Transaction& tx, const Policy& policy, UnixMillis now) const;
  // How many links went along.
  Result<std::int64_t> remove_policy(store::Transaction& tx, const std::string& id) const;
  Result<Policy> policy(store::Snapshot& snapshot, const std::string& id) const;
  Result<std::vector<Policy>> policies(store::Snapshot& snapshot) const;
  // The newest first; they outlive their policy.
  Result<std::vector<Policy>> policy_versions(store::Snapshot& snapshot,
                                              const std::string& id) const;

  // Policies that were stored and cannot be read any more, because attributes have changed since:
  // a permit gives nothing, a forbid denies everything (of a template: through each of its links).
  Result<std::vector<UnreadablePolicy>> unreadable(store::Snapshot& snapshot) const;

  // --- policies as files: see policy_import.h
  Result<std::vector<PolicyEntry>> export_policies(store::Snapshot& snapshot) const;
  Result<PolicyPlan> plan_import(store::Snapshot& snapshot, const PolicyImport& import,
                                 std::vector<ImportProblem>& problems) const;
  Status apply_import(store::Transaction& tx, const PolicyPlan& plan, UnixMillis now) const;

  // --- links of templates: see policy_links.h; not_found when there is no such policy
  Result<PolicyLink> add_link(store::Transaction& tx, const PolicyLink& link, UnixMillis now) const;
  Status remove_link(store::Transaction& tx, const std::string& policy_id,
                     const std::string& id) const;
  Result<std::vector<PolicyLink>> links(store::Snapshot& snapshot,
                                        const std::string& policy_id) const;

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
