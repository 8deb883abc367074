// Reads and writes entities, values and contexts in Cedar's JSON format.
#pragma once

#include <string>
#include <string_view>

#include "auth/cedar/entities.h"
#include "auth/cedar/json_hint.h"
#include "auth/cedar/value.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// A list of {"uid", "attrs", "parents", "tags"}. `hints` may be null. The message of an error says
// which entity and attribute it is about.
Result<std::vector<Entity>> parse_entities(std::string_view json,
                                           const EntityHints* hints = nullptr);

// An object. `hint` may be null.
Result<Record> parse_context(std::string_view json, const JsonHint* hint = nullptr);

// {"type": "User", "id": "alice"}, alone or under "__entity".
Result<EntityUid> parse_entity_uid(std::string_view json);

std::string to_json(const std::vector<Entity>& entities);
std::string to_json(const Value& value);

}  // namespace wenyuan::auth::cedar
