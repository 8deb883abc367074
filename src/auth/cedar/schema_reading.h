// Reads entities and contexts in JSON as a schema understands them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/entities.h"
#include "auth/cedar/json_hint.h"
#include "auth/cedar/schema.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// What the schema says about JSON. The schema must outlive it. Not thread-safe: one for each
// reading, since hints are made when they are first asked for. A hint may go when one is asked for
// another type.
class SchemaHints : public EntityHints {
 public:
  explicit SchemaHints(const Schema& schema) : schema_(schema) {}

  const JsonHint* attributes(std::string_view entity_type) const override;
  const JsonHint* tags(std::string_view entity_type) const override;

 private:
  const Schema& schema_;
  mutable std::map<std::string, JsonHint, std::less<>> attributes_;
  mutable std::map<std::string, JsonHint, std::less<>> tags_;
};

JsonHint json_hint(const Type& type);

// Where the schema says that a value is of an extension type or an entity, short forms are read:
// "10.0.0.1" for an ipaddr, {"type": "User", "id": "a"} for a User. All entities are checked, and
// the actions of the schema are added.
Result<std::vector<Entity>> read_entities(std::string_view json, const Schema& schema);

// The context of a request for this action, checked.
Result<Record> read_context(std::string_view json, const EntityUid& action, const Schema& schema);

}  // namespace wenyuan::auth::cedar
