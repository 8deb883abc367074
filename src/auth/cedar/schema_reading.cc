#include "auth/cedar/schema_reading.h"

#include <memory>
#include <utility>

#include "auth/cedar/entities_json.h"
#include "auth/cedar/schema_conformance.h"

namespace wenyuan::auth::cedar {
namespace {

// Hints are as large as their types written out, so only those of few types are kept at a time.
constexpr std::size_t kRememberedMax = 256;

}  // namespace

// As deep as the type is, which has a limit.
JsonHint json_hint(const Type& type) {
  JsonHint hint;
  switch (type.kind) {
    case TypeKind::entity: hint.kind = JsonHint::Kind::entity; break;
    case TypeKind::extension:
      hint.kind = JsonHint::Kind::extension;
      hint.constructor = type.name == "ipaddr" ? "ip" : type.name;
      break;
    case TypeKind::set:
      hint.kind = JsonHint::Kind::set;
      hint.element = std::make_shared<const JsonHint>(json_hint(*type.element));
      break;
    case TypeKind::record:
      hint.kind = JsonHint::Kind::record;
      for (const auto& [name, attribute] : type.attributes) {
        hint.attributes.emplace(name, json_hint(*attribute.type));
      }
      break;
    case TypeKind::always_true:
    case TypeKind::always_false:
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::text: break;
  }
  return hint;
}

const JsonHint* SchemaHints::attributes(std::string_view entity_type) const {
  const EntityTypeSchema* type = schema_.entity_type(entity_type);
  if (type == nullptr) return nullptr;
  const auto known = attributes_.find(entity_type);
  if (known != attributes_.end()) return &known->second;
  if (attributes_.size() >= kRememberedMax) attributes_.clear();
  return &attributes_.emplace(entity_type, json_hint(*type->shape)).first->second;
}

const JsonHint* SchemaHints::tags(std::string_view entity_type) const {
  const EntityTypeSchema* type = schema_.entity_type(entity_type);
  if (type == nullptr || type->tags == nullptr) return nullptr;
  const auto known = tags_.find(entity_type);
  if (known != tags_.end()) return &known->second;
  if (tags_.size() >= kRememberedMax) tags_.clear();
  return &tags_.emplace(entity_type, json_hint(*type->tags)).first->second;
}

Result<std::vector<Entity>> read_entities(std::string_view json, const Schema& schema) {
  const SchemaHints hints(schema);
  WY_TRY(std::vector<Entity> entities, parse_entities(json, &hints));
  WY_RETURN_IF_ERROR(check_entities(entities, schema));
  return with_actions(std::move(entities), schema);
}

Result<Record> read_context(std::string_view json, const EntityUid& action, const Schema& schema) {
  const ActionSchema* found = schema.action(action);
  if (found == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "the action " + to_text(action) + " is not in the schema"};
  }
  const JsonHint hint = json_hint(*found->context);
  WY_TRY(Record context, parse_context(json, &hint));
  WY_RETURN_IF_ERROR(check_context(context, action, schema));
  return context;
}

}  // namespace wenyuan::auth::cedar
