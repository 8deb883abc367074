// Checks requests and entities against a schema.
#pragma once

#include <span>
#include <vector>

#include "auth/cedar/entities.h"
#include "auth/cedar/request.h"
#include "auth/cedar/schema.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// The action is declared and applies to such a principal and such a resource, and the context has
// exactly the attributes that the action asks for.
Status check_request(const Request& request, const Schema& schema);
Status check_context(const Record& context, const EntityUid& action, const Schema& schema);

// The types are declared; attributes are there when they are required, none is there that is not
// declared, and each has its type; tags have theirs; parents are of types that the schema allows;
// enumerated types have no other entities; actions are under all that the schema has them under,
// by themselves or by way of others that are given.
Status check_entities(std::span<const Entity> entities, const Schema& schema);

// The same entities with those actions of the schema that are not among them, for policies that
// ask whether an action is in a group.
std::vector<Entity> with_actions(std::vector<Entity> entities, const Schema& schema);

// Whether the value is one of the type. The message of the error names the attribute inside that
// is wrong.
Status check_value(const Value& value, const Type& type, const Schema& schema);

}  // namespace wenyuan::auth::cedar
