#include "auth/cedar/schema.h"

#include <algorithm>

#include "auth/cedar/name.h"
#include "auth/cedar/schema_resolver.h"

namespace wenyuan::auth::cedar {

bool EntityTypeSchema::has_choice(std::string_view id) const {
  return std::find(choices.begin(), choices.end(), id) != choices.end();
}

bool EntityTypeSchema::may_be_in(std::string_view other) const {
  return std::binary_search(ancestors.begin(), ancestors.end(), other);
}

bool ActionSchema::applies_to_principal(std::string_view type_name) const {
  return std::binary_search(principals.begin(), principals.end(), type_name);
}

bool ActionSchema::applies_to_resource(std::string_view type_name) const {
  return std::binary_search(resources.begin(), resources.end(), type_name);
}

bool ActionSchema::is_in(const EntityUid& other) const {
  return uid == other || std::binary_search(ancestors.begin(), ancestors.end(), other);
}

Result<Schema> Schema::parse(std::string_view text) {
  WY_TRY(const SchemaFragment fragment, parse_schema_text(text));
  return SchemaResolver(fragment).resolve();
}

Result<Schema> Schema::parse_json(std::string_view json) {
  WY_TRY(const SchemaFragment fragment, parse_schema_json(json));
  return SchemaResolver(fragment).resolve();
}

const EntityTypeSchema* Schema::entity_type(std::string_view name) const {
  const auto found = entity_types_.find(name);
  return found == entity_types_.end() ? nullptr : &found->second;
}

const ActionSchema* Schema::action(const EntityUid& uid) const {
  const auto found = actions_.find(uid);
  return found == actions_.end() ? nullptr : &found->second;
}

bool Schema::knows_type(std::string_view name) const {
  return is_action_type(name) || entity_type(name) != nullptr;
}

const Type* Schema::type_of(const EntityUid& uid) const {
  if (is_action_type(uid.type)) {
    const ActionSchema* found = action(uid);
    return found == nullptr ? nullptr : found->type;
  }
  const EntityTypeSchema* found = entity_type(uid.type);
  return found == nullptr ? nullptr : found->type;
}

bool Schema::may_be_in(std::string_view type, std::string_view other) const {
  if (type == other) return true;
  if (const EntityTypeSchema* found = entity_type(type); found && found->may_be_in(other)) {
    return true;
  }
  const auto groups = action_types_.find(type);
  return groups != action_types_.end() && groups->second.contains(other);
}

bool is_action_type(std::string_view type) { return base_name(type) == "Action"; }

}  // namespace wenyuan::auth::cedar
