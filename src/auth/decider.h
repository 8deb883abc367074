// Decides one action of one principal on labels, from policies and grants alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/grants.h"
#include "auth/policy/ast.h"
#include "auth/principal.h"
#include "base/document.h"
#include "base/permit.h"

namespace wenyuan::auth {

// A policy as it is evaluated.
struct CompiledPolicy {
  std::string id;
  std::int64_t version = 0;
  std::optional<policy::Rule> rule;  // nothing: it could not be read
  // Of a policy without a rule, which then denies everything, or allows nothing.
  policy::Effect effect_without_rule = policy::Effect::deny;
  std::string error;  // why there is no rule
};

// In the order of ids. Shared, because each generation of policies keeps most of the last one.
using PolicySet = std::vector<std::shared_ptr<const CompiledPolicy>>;

struct Decision {
  bool allowed = false;
  std::vector<std::string> reasons;  // ids of policies or grants, or "owner"
  std::vector<std::string> errors;   // policies that could not be evaluated, with the reason
};

// Default deny. Personal collections: their owner, and who was granted something by grant; policies
// never reach them. Organization collections: owner, grants, and any policy that allows; a policy
// that denies wins over everything, and one that denies but cannot be evaluated denies too.
//
// Thread-safe; `policies` and `principal` must outlive it.
class Decider {
 public:
  Decider(const PolicySet& policies, const Principal& principal, const std::vector<Grant>& grants,
          Action action);

  bool allows(const Label& label) const;
  // The same answer with everything that speaks for it, or against it.
  Decision decide(const Label& label) const;

 private:
  // Policies of one effect that concern the action, sorted by what is known without a label.
  struct Side {
    bool always = false;                         // one of them holds for every label
    std::vector<const CompiledPolicy*> open;     // depend on the label
    std::vector<const CompiledPolicy*> settled;  // are the same for every label
  };
  void sort_in(const CompiledPolicy& compiled);
  bool any_counts(const Side& side, policy::Effect effect, const Label& label) const;
  bool owns_or_was_granted(const Label& label) const;
  void explain(const Side& side, policy::Effect effect, const Label& label,
               Decision& decision) const;

  const Principal& principal_;
  Action action_;
  bool scopes_open_;
  Side allow_, deny_;
  // Resource id to the grants on it that open the action.
  std::unordered_map<std::string, std::vector<std::string>> granted_;
};

}  // namespace wenyuan::auth
