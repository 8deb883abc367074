#include "auth/cedar/schema_resolver.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/assert.h"

namespace wenyuan::auth::cedar {
namespace {

using Kind = TypeDeclaration::Kind;
using Wanted = SchemaNames::Wanted;

// How many common types may stand for each other in a row.
constexpr std::size_t kCommonDepthMax = 100;
constexpr std::size_t kSpentMax = 4'000'000;

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// All that can be reached from `start`, itself only by way of a cycle; sorted.
// Adds to `steps`, and gives up once they are too many.
template <class Name, class Parents>
std::vector<Name> reachable(const Name& start, const Parents& parents, std::size_t& steps) {
  std::set<Name> found;
  std::vector<const Name*> open = {&start};
  while (!open.empty() && steps <= kSpentMax) {
    const auto next = parents.find(*open.back());
    open.pop_back();
    if (next == parents.end()) continue;
    steps += next->second.size();
    for (const Name& parent : next->second) {
      if (found.insert(parent).second) open.push_back(&parent);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace

Result<Schema> SchemaResolver::resolve() {
  WY_TRY(names_, SchemaNames::collect(fragment_));
  for (const NamespaceDeclaration& each : fragment_) {
    WY_RETURN_IF_ERROR(declare_entities(each));
    WY_RETURN_IF_ERROR(declare_actions(each));
  }
  // Also those that nothing uses, so that a mistake in them is found.
  for (const auto& [name, common] : names_.common_types()) {
    if (common.declaration == nullptr) continue;
    WY_TRY([[maybe_unused]] const Type* type, common_type(name, common.declaration->name.place));
  }
  for (const NamespaceDeclaration& each : fragment_) {
    for (const EntityDeclaration& entity : each.entities) {
      WY_RETURN_IF_ERROR(resolve_entity(each.name, entity));
    }
    for (const ActionDeclaration& action : each.actions) {
      WY_RETURN_IF_ERROR(resolve_action(each.name, action));
    }
  }
  WY_RETURN_IF_ERROR(close_hierarchies());
  return std::move(schema_);
}

Status SchemaResolver::spend(std::size_t count) {
  spent_ += count;
  if (spent_ <= kSpentMax) return Done{};
  return Error{ErrorCode::too_large, "the schema is too large once all its names are written out"};
}

Status SchemaResolver::declare_entities(const NamespaceDeclaration& declared) {
  for (const EntityDeclaration& entity : declared.entities) {
    for (const NameReference& name : entity.names) {
      std::string full = SchemaNames::qualified(declared.name, name.name);
      EntityTypeSchema& made = schema_.entity_types_[full];
      made.type = entity_reference(full);
      made.name = std::move(full);
    }
  }
  return Done{};
}

Status SchemaResolver::declare_actions(const NamespaceDeclaration& declared) {
  const std::string type = SchemaNames::qualified(declared.name, "Action");
  for (const ActionDeclaration& action : declared.actions) {
    for (const NameReference& name : action.names) {
      EntityUid uid{type, name.name};
      action_places_.emplace(uid, name.place);
      ActionSchema& made = schema_.actions_[uid];
      made.type = entity_reference(type);
      made.uid = std::move(uid);
    }
  }
  return Done{};
}

const Type* SchemaResolver::entity_reference(const std::string& name) {
  const Type*& type = references_[name];
  if (type == nullptr) type = schema_.types_.entity(name);
  return type;
}

Result<std::vector<std::string>> SchemaResolver::entity_types(
    std::string_view name_space, const std::vector<NameReference>& names) {
  std::vector<std::string> types;
  for (const NameReference& name : names) {
    WY_TRY(SchemaNames::Found found,
           names_.find_type(name_space, name.name, Wanted::entity, name.place));
    if (is_action_type(found.name)) {
      return schema_error(name.place, "actions cannot stand here, only entity types");
    }
    types.push_back(std::move(found.name));
  }
  sort_unique(types);
  return types;
}

Status SchemaResolver::resolve_entity(std::string_view name_space,
                                      const EntityDeclaration& declared) {
  WY_TRY(const std::vector<std::string> parents, entity_types(name_space, declared.parents));
  WY_TRY(const Type* shape, shape_of(name_space, declared.shape, "the attributes of an entity"));
  const Type* tags = nullptr;
  if (declared.tags) {
    WY_TRY(tags, type_of(name_space, *declared.tags));
  }
  for (const NameReference& name : declared.names) {
    WY_RETURN_IF_ERROR(spend(parents.size() + declared.choices.size()));
    const auto found = schema_.entity_types_.find(SchemaNames::qualified(name_space, name.name));
    EntityTypeSchema& made = found->second;
    made.shape = shape;
    made.tags = tags;
    made.choices = declared.choices;
    entity_parents_.emplace(made.name, parents);
  }
  return Done{};
}

Status SchemaResolver::resolve_action(std::string_view name_space,
                                      const ActionDeclaration& declared) {
  WY_TRY(const std::vector<std::string> principals, entity_types(name_space, declared.principals));
  WY_TRY(const std::vector<std::string> resources, entity_types(name_space, declared.resources));
  WY_TRY(const Type* context, shape_of(name_space, declared.context, "the context of an action"));
  std::vector<EntityUid> parents;
  for (const ActionReference& reference : declared.parents) {
    WY_TRY(EntityUid parent, names_.find_action(name_space, reference));
    parents.push_back(std::move(parent));
  }
  const std::string type = SchemaNames::qualified(name_space, "Action");
  for (const NameReference& name : declared.names) {
    WY_RETURN_IF_ERROR(spend(principals.size() + resources.size() + parents.size()));
    ActionSchema& made = schema_.actions_.at({type, name.name});
    made.principals = principals;
    made.resources = resources;
    made.context = context;
    action_parents_.emplace(made.uid, parents);
  }
  return Done{};
}

Status SchemaResolver::close_hierarchies() {
  for (auto& [name, entity] : schema_.entity_types_) {
    entity.ancestors = reachable(name, entity_parents_, spent_);
    WY_RETURN_IF_ERROR(spend(0));
    for (const std::string& ancestor : entity.ancestors) {
      schema_.entity_types_.find(ancestor)->second.descendants.push_back(name);
    }
  }
  for (auto& [uid, action] : schema_.actions_) {
    action.ancestors = reachable(uid, action_parents_, spent_);
    WY_RETURN_IF_ERROR(spend(0));
    for (const EntityUid& ancestor : action.ancestors) {
      if (ancestor == uid) {
        return schema_error(action_places_.at(uid),
                            "the action " + to_text(uid) + " is in itself, by way of its parents");
      }
      schema_.actions_.at(ancestor).descendants.push_back(uid);
      schema_.action_types_[uid.type].insert(ancestor.type);
    }
  }
  return Done{};
}

Result<const Type*> SchemaResolver::shape_of(std::string_view name_space,
                                             const TypeDeclaration& declared,
                                             std::string_view what) {
  WY_TRY(const Type* type, type_of(name_space, declared));
  if (type->kind == TypeKind::record) return type;
  std::string message = "expected a record for ";
  message.append(what).append(", found ").append(describe(*type));
  return schema_error(declared.place, message);
}

// Calls itself by way of sets, records and common types; each of them counts.
Result<const Type*> SchemaResolver::type_of(std::string_view name_space,
                                            const TypeDeclaration& declared) {
  const Type* made = nullptr;
  switch (declared.kind) {
    case Kind::boolean: return primitive(TypeKind::boolean);
    case Kind::integer: return primitive(TypeKind::integer);
    case Kind::text: return primitive(TypeKind::text);
    case Kind::extension:
      made = extension_type(declared.name);
      if (made != nullptr) return made;
      return schema_error(declared.place,
                          "unknown extension type; known are decimal, ipaddr, datetime and "
                          "duration");
    case Kind::entity:
    case Kind::common:
    case Kind::entity_or_common: {
      const Wanted wanted = declared.kind == Kind::entity   ? Wanted::entity
                            : declared.kind == Kind::common ? Wanted::common
                                                            : Wanted::either;
      WY_TRY(const SchemaNames::Found found,
             names_.find_type(name_space, declared.name, wanted, declared.place));
      if (found.is_common) return common_type(found.name, declared.place);
      return entity_reference(found.name);
    }
    case Kind::set:
    case Kind::record: break;
  }
  Error too_much =
      schema_error(declared.place, "this type is too large once its names are written out");
  if (++type_depth_ > kTypeDepthMax) return too_much;
  if (declared.kind == Kind::set) {
    WY_TRY(const Type* element, type_of(name_space, declared.element.front()));
    made = schema_.types_.set(element);
  } else {
    WY_TRY(made, record_of(name_space, declared));
  }
  --type_depth_;
  if (too_large(*made)) return too_much;
  return made;
}

Result<const Type*> SchemaResolver::record_of(std::string_view name_space,
                                              const TypeDeclaration& declared) {
  AttributeTypes attributes;
  for (const AttributeDeclaration& attribute : declared.attributes) {
    WY_TRY(const Type* type, type_of(name_space, attribute.type));
    if (!attributes.emplace(attribute.name, AttributeType{type, attribute.required}).second) {
      return schema_error(attribute.type.place,
                          "the attribute `" + attribute.name + "` is declared twice");
    }
  }
  return schema_.types_.record(std::move(attributes));
}

Result<const Type*> SchemaResolver::common_type(const std::string& name, const SchemaPlace& place) {
  const auto declared = names_.common_types().find(name);
  if (declared == names_.common_types().end()) {
    return schema_error(place,
                        "unknown extension type; known are decimal, ipaddr, datetime and "
                        "duration");
  }
  const SchemaNames::Common& source = declared->second;
  if (source.declaration == nullptr) {
    if (source.builtin == "Bool") return primitive(TypeKind::boolean);
    if (source.builtin == "Long") return primitive(TypeKind::integer);
    if (source.builtin == "String") return primitive(TypeKind::text);
    return extension_type(source.builtin);
  }
  CommonType& common = common_[name];
  if (common.type != nullptr) return common.type;
  if (common.resolving) {
    return schema_error(source.declaration->name.place,
                        "the type `" + name + "` contains itself, by way of other types");
  }
  if (common_depth_ >= kCommonDepthMax) {
    return schema_error(place, "more than " + std::to_string(kCommonDepthMax) +
                                   " types stand for each other in a row");
  }
  common.resolving = true;
  ++common_depth_;
  WY_TRY(const Type* type, type_of(source.name_space, source.declaration->type));
  --common_depth_;
  common.resolving = false;
  common.type = type;
  return type;
}

}  // namespace wenyuan::auth::cedar
