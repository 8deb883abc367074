// Decides one action of one principal on labels, from policies and grants alone.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "auth/cedar/entities.h"
#include "auth/cedar/partial.h"
#include "auth/grants.h"
#include "auth/principal.h"
#include "auth/rules.h"
#include "base/document.h"
#include "base/permit.h"

namespace wenyuan::auth {

struct Decision {
  bool allowed = false;
  std::vector<std::string> reasons;  // names of rules (rules.h), ids of grants, or "owner"
  std::vector<std::string> errors;   // policies that could not be evaluated, with the reason
};

// Default deny. Personal collections: their owner, and who was granted something by grant; policies
// never reach them. Organization collections: owner, grants, and any policy that allows; a policy
// that denies wins over everything, and one that denies but cannot be evaluated denies too.
//
// All but the label is evaluated once, when it is made. One thread at a time; what it is made from
// must outlive it.
class Decider {
 public:
  // `context`: the circumstances of the request (cedar/schema_wenyuan.h).
  Decider(const Rules& rules, const Principal& principal, const std::vector<Grant>& grants,
          Action action, cedar::Record context = {});

  // `entity` is entity_of(label), for those who have it already.
  bool allows(const Label& label, const cedar::Entity& entity);
  bool allows(const Label& label);
  // The same answer with everything that speaks for it, or against it.
  Decision decide(const Label& label);

 private:
  bool owns_or_was_granted(const Label& label) const;
  void name_grants(const Label& label, Decision& decision) const;
  void take_in(const cedar::Response& response, Decision& decision) const;

  const Rules& rules_;
  const Principal& principal_;
  bool scopes_open_;
  // Resource id to the grants on it that open the action.
  std::unordered_map<std::string, std::vector<std::string>> granted_;
  cedar::Entities known_;
  cedar::Residual all_, forbids_;
  cedar::ResourceDecider by_all_, by_forbids_;
};

}  // namespace wenyuan::auth
