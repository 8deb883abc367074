// A Cedar schema: which entity types, attributes and actions there are.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/entity_uid.h"
#include "auth/cedar/schema_fragment.h"
#include "auth/cedar/type.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

struct EntityTypeSchema {
  std::string name;
  const Type* type = nullptr;              // of a reference to such an entity
  const Type* shape = nullptr;             // a record: the attributes
  const Type* tags = nullptr;              // of each tag; null: no tags
  std::vector<std::string> choices{};      // the only ids of an enumerated type; else empty
  std::vector<std::string> ancestors{};    // types that it may be in, however deep; sorted
  std::vector<std::string> descendants{};  // types that may be in it; sorted

  bool is_enumerated() const { return !choices.empty(); }
  bool has_choice(std::string_view id) const;
  bool may_be_in(std::string_view other) const;  // false for itself unless the schema says so
};

struct ActionSchema {
  EntityUid uid;
  const Type* type = nullptr;
  std::vector<std::string> principals{};  // entity types, sorted
  std::vector<std::string> resources{};
  const Type* context = nullptr;       // a record
  std::vector<EntityUid> ancestors{};  // sorted
  std::vector<EntityUid> descendants{};

  bool applies_to_principal(std::string_view type_name) const;
  bool applies_to_resource(std::string_view type_name) const;
  bool is_in(const EntityUid& other) const;  // true for itself
};

// Never changes once it is made, so any number of threads may read it. Moving it keeps the
// addresses of all that it holds.
class Schema {
 public:
  // Messages of errors begin with a place: "line 3, column 7: …", or the path in the JSON.
  static Result<Schema> parse(std::string_view text);
  static Result<Schema> parse_json(std::string_view json);

  Schema(Schema&&) = default;
  Schema& operator=(Schema&&) = default;
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  using EntityTypes = std::map<std::string, EntityTypeSchema, std::less<>>;
  using Actions = std::map<EntityUid, ActionSchema>;
  const EntityTypes& entity_types() const { return entity_types_; }
  const Actions& actions() const { return actions_; }

  const EntityTypeSchema* entity_type(std::string_view name) const;  // null: not declared
  const ActionSchema* action(const EntityUid& uid) const;            // null: not declared

  // Declared, or a type of actions.
  bool knows_type(std::string_view name) const;
  // Of a reference to this entity; null when its type, or the action, is not declared.
  const Type* type_of(const EntityUid& uid) const;
  // Whether entities of one type can be in entities of the other, or be them; types of actions
  // by the hierarchy of the actions.
  bool may_be_in(std::string_view type, std::string_view other) const;

 private:
  friend class SchemaResolver;
  Schema() = default;

  TypeTable types_;
  EntityTypes entity_types_;
  Actions actions_;
  // Types of actions, with those of the groups that such actions are in.
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> action_types_;
};

// Action, or Ns::Action: the type of an action.
bool is_action_type(std::string_view type);

}  // namespace wenyuan::auth::cedar
