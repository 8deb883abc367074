#include "auth/cedar/partial.h"

#include <algorithm>
#include <utility>

#include "auth/cedar/residual_builder.h"

namespace wenyuan::auth::cedar {
namespace {

void sort_and_unite(std::vector<NodeId>& roots) {
  std::sort(roots.begin(), roots.end());
  roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
}

}  // namespace

Residual::Residual(const PolicySet& policies, PartialRequest request, const Entities& known,
                   ErrorRule rule)
    : policies_(policies), request_(std::move(request)), known_(known), rule_(rule) {
  ResidualBuilder builder(request_.principal, request_.action, request_.context, known_, graph_);
  for (const Policy& policy : policies_.policies()) {
    const bool is_forbid = policy.effect == Effect::forbid;
    const Term term = builder.translate(policy);
    roots_.push_back(term.node);
    if (term.kind == Term::Kind::node) {
      outcomes_.push_back(Outcome::open);
      (is_forbid ? open_forbids_ : open_permits_).push_back(term.node);
      continue;
    }
    const bool* const truth = term.truth();
    if (truth == nullptr) {
      outcomes_.push_back(Outcome::fails);
      is_forbidden_ = is_forbidden_ || (is_forbid && rule == ErrorRule::forbid_denies);
      continue;
    }
    outcomes_.push_back(*truth ? Outcome::holds : Outcome::holds_not);
    if (*truth) (is_forbid ? is_forbidden_ : is_permitted_) = true;
  }
  sort_and_unite(open_forbids_);
  sort_and_unite(open_permits_);
}

std::optional<Decision> Residual::settled() const {
  if (is_forbidden_) return Decision::deny;
  if (!is_permitted_ && open_permits_.empty()) return Decision::deny;
  if (is_permitted_ && open_forbids_.empty()) return Decision::allow;
  return std::nullopt;
}

}  // namespace wenyuan::auth::cedar
