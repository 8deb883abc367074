// Guesses which name was meant when one is not declared.
#pragma once

#include <string>
#include <string_view>

#include "auth/cedar/schema.h"

namespace wenyuan::auth::cedar {

// "; did you mean `User`?", or nothing when no name is close.
std::string suggestion(std::string_view name, const Schema::EntityTypes& types);
std::string suggestion(std::string_view name, const AttributeTypes& attributes);
std::string suggested_action(const EntityUid& uid, const Schema& schema);

}  // namespace wenyuan::auth::cedar
