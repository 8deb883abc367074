// The policies of one epoch, ready to decide by.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/ast.h"
#include "auth/cedar/policy_set.h"
#include "auth/policy_language.h"

namespace wenyuan::auth {

// A stored policy as it was read.
struct CompiledPolicy {
  std::string id;
  std::int64_t version = 0;
  PolicyText text;
};

// In the order of ids. Shared, because each generation of policies keeps most of the last one.
using PolicySet = std::vector<std::shared_ptr<const CompiledPolicy>>;

// Never changes: any number of threads may use it.
class Rules {
 public:
  explicit Rules(PolicySet policies = {});

  const PolicySet& policies() const { return policies_; }
  // All that could be read. A deny that could not be read stands there as one of everything.
  const cedar::PolicySet& all() const { return all_; }
  // What forbids, beside one policy that permits everything: what is left of what a grant gives.
  const cedar::PolicySet& forbids() const { return forbids_; }
  // The policy that stands in all() and forbids() under this id.
  const CompiledPolicy& policy(std::string_view cedar_id) const;
  // Whether any of them depends on the circumstances of a request, so that the next request may
  // be decided otherwise.
  bool need_context() const { return need_context_; }

 private:
  PolicySet policies_;
  cedar::PolicySet all_, forbids_;
  bool need_context_ = false;
};

}  // namespace wenyuan::auth
