// Policies, their links and what they would change: how requests and answers have them.
#pragma once

#include <string>
#include <vector>

#include "api/json.h"
#include "auth/cedar/policy_set.h"
#include "auth/policy_engine.h"
#include "base/document.h"
#include "base/permit.h"

namespace wenyuan::api {

// The member "text"; with "effect" beside it, the short form may leave the first word out.
std::string read_policy_text(ObjectReader& reader);

// The member "action": read, write or manage; read when there is none.
Action read_action(ObjectReader& reader);

// The members "principal" and "resource", each as Cedar's JSON has entities: {"type": "Group",
// "id": "grp_…"}.
auth::cedar::SlotValues read_slot_values(ObjectReader& reader);
// Adds those of them that there are.
void add_slot_values(Json& json, const auth::cedar::SlotValues& values);

// The first 1,000 of them.
Json labels_json(const std::vector<Label>& labels);
// {"gains": […], "losses": […], "users_affected": 3}
Json to_json(const std::vector<auth::AccessChange>& changes);

}  // namespace wenyuan::api
