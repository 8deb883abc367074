// The policies of one epoch, ready to decide by.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/attribute_kinds.h"
#include "auth/cedar/policy_set.h"
#include "auth/policy_language.h"

namespace wenyuan::auth {

// What one link makes of a template.
struct CompiledLink {
  std::string id;
  cedar::SlotValues values;
  PolicyText text;
};

// A stored policy as it was read, a template with its links in the order of their ids.
struct CompiledPolicy {
  std::string id;
  std::int64_t version = 0;
  PolicyText text;
  std::vector<std::shared_ptr<const CompiledLink>> links{};
};

// In the order of ids. Shared, because each generation of policies keeps most of the last one.
using PolicySet = std::vector<std::shared_ptr<const CompiledPolicy>>;

// Never changes: any number of threads may use it.
class Rules {
 public:
  // `kinds`: of the attributes that they are about; it must outlive them. Null: as names say.
  explicit Rules(PolicySet policies = {}, const AttributeKinds* kinds = nullptr);

  const AttributeKinds& kinds() const { return *kinds_; }

  // One that decides. Its name is the policy's id; of a link "pol_…/lnk_…".
  struct Rule {
    std::string name;
    const PolicyText* text = nullptr;
  };

  const PolicySet& policies() const { return policies_; }
  // Of every policy that is no template, and every link.
  const std::vector<Rule>& rules() const { return rules_; }
  // All that could be read. A deny that could not be read stands there as one of everything.
  const cedar::PolicySet& all() const { return all_; }
  // What forbids, beside one policy that permits everything: what is left of what a grant gives.
  const cedar::PolicySet& forbids() const { return forbids_; }
  // The one that stands in all() and forbids() under this id.
  const Rule& rule(std::string_view cedar_id) const;
  // Whether any of them depends on the circumstances of a request, so that the next request may
  // be decided otherwise.
  bool need_context() const { return need_context_; }

 private:
  const AttributeKinds* kinds_;
  PolicySet policies_;
  std::vector<Rule> rules_;  // point into policies_
  cedar::PolicySet all_, forbids_;
  bool need_context_ = false;
};

}  // namespace wenyuan::auth
