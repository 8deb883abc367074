// The checks of a policy that need no types of expressions: are its names declared, can it apply?
#pragma once

#include "auth/cedar/ast.h"
#include "auth/cedar/policy_set.h"
#include "auth/cedar/schema.h"
#include "auth/cedar/validator_findings.h"

namespace wenyuan::auth::cedar {

// Every entity type and action that the policy names is declared, and every entity of an
// enumerated type is one of its choices.
void check_names(const Policy& policy, const Schema& schema, Findings& findings);

// There is an action that fits the head of the policy and applies to a type of principal and a
// type of resource that fit it too.
void check_application(const Policy& policy, const Schema& schema, Findings& findings);

// The types of the entities that fill the slots of a template are declared.
void check_slot_values(const SlotValues& values, const Schema& schema, Findings& findings);

// The actions that fit the head, in order. None when it names one that is not declared.
std::vector<const ActionSchema*> fitting_actions(const Scope& scope, const Schema& schema);
// Whether an entity of this type can fit the head, as far as its type says.
bool may_fit(const Scope& scope, std::string_view type, const Schema& schema);

}  // namespace wenyuan::auth::cedar
