// How policies and actions are read from requests.
#pragma once

#include <string>

#include "api/json.h"
#include "base/permit.h"

namespace wenyuan::api {

// The member "text"; with "effect" beside it, the short form may leave the first word out.
std::string read_policy_text(ObjectReader& reader);

// The member "action": read, write or manage; read when there is none.
Action read_action(ObjectReader& reader);

}  // namespace wenyuan::api
