#include "auth/cedar/schema_conformance.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "auth/cedar/literal.h"

namespace wenyuan::auth::cedar {
namespace {

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

std::string_view type_name(const Value& value) {
  return value.as_entity() != nullptr ? std::string_view(value.as_entity()->type)
                                      : name(value.kind());
}

Error mismatch(const Value& value, const Type& type) {
  std::string message = "expected ";
  return wrong(message.append(describe(type)).append(", found ").append(type_name(value)));
}

// Of an entity that something refers to: its type need not be declared here.
Status check_uid(const EntityUid& uid, const Schema& schema) {
  if (is_action_type(uid.type)) {
    if (schema.action(uid) != nullptr) return Done{};
    return wrong("the action " + to_text(uid) + " is not in the schema");
  }
  const EntityTypeSchema* type = schema.entity_type(uid.type);
  if (type == nullptr || !type->is_enumerated() || type->has_choice(uid.id)) return Done{};
  return wrong(to_text(uid) + " is not one of the entities that the schema lists for its type");
}

bool is_extension(const Value& value, std::string_view name) {
  switch (value.kind()) {
    case ValueKind::decimal: return name == "decimal";
    case ValueKind::ip_address: return name == "ipaddr";
    case ValueKind::datetime: return name == "datetime";
    case ValueKind::duration: return name == "duration";
    default: return false;
  }
}

Status check_record(const Record& record, const Type& type, const Schema& schema) {
  for (const auto& [name, attribute] : type.attributes) {
    if (attribute.required && record.find(name) == nullptr) {
      return wrong("the attribute " + cedar::quoted(name) + " is missing");
    }
  }
  for (const auto& [name, value] : record.attributes()) {
    const auto declared = type.attributes.find(name);
    if (declared == type.attributes.end()) {
      return wrong("the attribute " + cedar::quoted(name) + " is not in the schema");
    }
    if (Status status = check_value(value, *declared->second.type, schema); !status) {
      return within(cedar::quoted(name), std::move(status).error());
    }
  }
  return Done{};
}

using ActionEntities = std::map<EntityUid, const Entity*>;

// All that the action is under, as far as the actions that were given with it say.
std::set<EntityUid> ancestors_of(const Entity& action, const ActionEntities& given) {
  std::set<EntityUid> ancestors;
  std::vector<const Entity*> open = {&action};
  while (!open.empty()) {
    const Entity& next = *open.back();
    open.pop_back();
    for (const EntityUid& parent : next.parents) {
      if (!ancestors.insert(parent).second) continue;
      const auto found = given.find(parent);
      if (found != given.end()) open.push_back(found->second);
    }
  }
  return ancestors;
}

Status check_action_entity(const Entity& entity, const ActionEntities& given,
                           const Schema& schema) {
  const ActionSchema* action = schema.action(entity.uid);
  if (action == nullptr) return wrong("this action is not in the schema");
  if (!entity.attributes.empty() || !entity.tags.empty()) {
    return wrong("actions have no attributes and no tags");
  }
  const std::set<EntityUid> ancestors = ancestors_of(entity, given);
  if (std::equal(ancestors.begin(), ancestors.end(), action->ancestors.begin(),
                 action->ancestors.end())) {
    return Done{};
  }
  return wrong("this action has other parents in the schema");
}

Status check_plain_entity(const Entity& entity, const Schema& schema) {
  const EntityTypeSchema* type = schema.entity_type(entity.uid.type);
  if (type == nullptr) {
    return wrong("the entity type " + entity.uid.type + " is not in the schema");
  }
  WY_RETURN_IF_ERROR(check_uid(entity.uid, schema));
  WY_RETURN_IF_ERROR(check_record(entity.attributes, *type->shape, schema));
  for (const EntityUid& parent : entity.parents) {
    WY_RETURN_IF_ERROR(check_uid(parent, schema));
    if (!type->may_be_in(parent.type)) {
      return wrong("the schema does not let it be in " + to_text(parent));
    }
  }
  for (const auto& [name, value] : entity.tags.attributes()) {
    if (type->tags == nullptr) return wrong("the schema gives its type no tags");
    if (Status status = check_value(value, *type->tags, schema); !status) {
      return within("tag " + cedar::quoted(name), std::move(status).error());
    }
  }
  return Done{};
}

Status check_part(std::string_view part, const EntityUid& uid, const Schema& schema) {
  if (schema.entity_type(uid.type) == nullptr) {
    std::string message(part);
    return wrong(
        message.append(" has the type ").append(uid.type).append(", which is not in the schema"));
  }
  return check_uid(uid, schema);
}

}  // namespace

// As deep as the type is, which has a limit.
Status check_value(const Value& value, const Type& type, const Schema& schema) {
  switch (type.kind) {
    case TypeKind::always_true:
    case TypeKind::always_false:
    case TypeKind::boolean:
      if (value.as_bool() != nullptr) return Done{};
      break;
    case TypeKind::integer:
      if (value.as_integer() != nullptr) return Done{};
      break;
    case TypeKind::text:
      if (value.as_string() != nullptr) return Done{};
      break;
    case TypeKind::entity:
      if (value.as_entity() == nullptr || value.as_entity()->type != type.name) break;
      return check_uid(*value.as_entity(), schema);
    case TypeKind::extension:
      if (is_extension(value, type.name)) return Done{};
      break;
    case TypeKind::set:
      if (value.as_set() == nullptr) break;
      for (const Value& element : value.as_set()->values()) {
        WY_RETURN_IF_ERROR(check_value(element, *type.element, schema));
      }
      return Done{};
    case TypeKind::record:
      if (value.as_record() == nullptr) break;
      return check_record(*value.as_record(), type, schema);
  }
  return mismatch(value, type);
}

Status check_context(const Record& context, const EntityUid& action, const Schema& schema) {
  const ActionSchema* found = schema.action(action);
  if (found == nullptr) return wrong("the action " + to_text(action) + " is not in the schema");
  if (Status status = check_record(context, *found->context, schema); !status) {
    return within("context of " + to_text(action), std::move(status).error());
  }
  return Done{};
}

Status check_request(const Request& request, const Schema& schema) {
  WY_RETURN_IF_ERROR(check_part("the principal", request.principal, schema));
  WY_RETURN_IF_ERROR(check_part("the resource", request.resource, schema));
  const ActionSchema* action = schema.action(request.action);
  if (action == nullptr) {
    return wrong("the action " + to_text(request.action) + " is not in the schema");
  }
  if (!action->applies_to_principal(request.principal.type)) {
    return wrong(to_text(request.action) + " does not apply to a principal of the type " +
                 request.principal.type);
  }
  if (!action->applies_to_resource(request.resource.type)) {
    return wrong(to_text(request.action) + " does not apply to a resource of the type " +
                 request.resource.type);
  }
  return check_context(request.context, request.action, schema);
}

Status check_entities(std::span<const Entity> entities, const Schema& schema) {
  ActionEntities actions;
  for (const Entity& entity : entities) {
    if (is_action_type(entity.uid.type)) actions.emplace(entity.uid, &entity);
  }
  for (const Entity& entity : entities) {
    Status status = is_action_type(entity.uid.type) ? check_action_entity(entity, actions, schema)
                                                    : check_plain_entity(entity, schema);
    if (!status) return within(to_text(entity.uid), std::move(status).error());
  }
  return Done{};
}

std::vector<Entity> with_actions(std::vector<Entity> entities, const Schema& schema) {
  std::set<EntityUid> there;
  for (const Entity& entity : entities) {
    if (is_action_type(entity.uid.type)) there.insert(entity.uid);
  }
  for (const auto& [uid, action] : schema.actions()) {
    if (there.contains(uid)) continue;
    Entity& made = entities.emplace_back();
    made.uid = uid;
    made.parents = action.ancestors;
  }
  return entities;
}

}  // namespace wenyuan::auth::cedar
