#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "auth/cedar/name.h"
#include "auth/cedar/schema_fragment.h"
#include "auth/cedar/schema_json_text.h"
#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

using nlohmann::json;
using Kind = TypeDeclaration::Kind;

// Deeper than types can be, since each of them takes several levels of JSON.
constexpr std::size_t kJsonDepthMax = 4 * kSchemaDepthMax;
constexpr std::size_t kShownPathMax = 300;

// A value with where it stands.
struct Node {
  const json& value;
  std::string path;

  Error error(std::string_view message) const { return schema_error({0, 0, path}, message); }
  SchemaPlace place() const { return {0, 0, path}; }
  std::string under(std::string_view name) const {
    // Each part of the schema keeps its path: a long one must not be copied a thousand times.
    if (path.size() > kShownPathMax) return path;
    constexpr std::size_t kPartMax = 64;
    std::string longer = path;
    const bool cut = name.size() > kPartMax;
    longer.append(".").append(to_valid_utf8(name.substr(0, kPartMax))).append(cut ? "…" : "");
    return longer;
  }
  Node member(const std::string& name) const { return {value.at(name), under(name)}; }
  bool has(const char* name) const { return value.contains(name); }
  // A member that is there and is not null.
  bool has_value(const char* name) const { return has(name) && !value.at(name).is_null(); }
};

Status check_members(const Node& node, std::initializer_list<std::string_view> known) {
  if (!node.value.is_object()) return node.error("expected an object");
  for (const auto& [name, value] : node.value.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string names;
    for (const std::string_view each : known) names.append(names.empty() ? "" : ", ").append(each);
    return node.error("unknown member " + json_quoted(name) + "; known are " + names);
  }
  return Done{};
}

Result<std::string> text_of(const Node& node) {
  if (!node.value.is_string()) return node.error("expected a string");
  return node.value.get_ref<const std::string&>();
}

// A name that refers to a type: __cedar may be its namespace.
Result<std::string> reference_of(const Node& node) {
  WY_TRY(std::string name, text_of(node));
  std::string_view path = name;
  if (path.starts_with("__cedar::")) path.remove_prefix(std::string_view("__cedar::").size());
  if (is_path(path)) return name;
  return node.error("expected a name such as User or Photos::User, found " + json_quoted(name));
}

Status check_new_name(const Node& node, const std::string& name) {
  if (is_identifier(name) && !is_reserved(name)) return Done{};
  return node.error(
      "expected a name of letters, digits and underscores that is not reserved, "
      "found " +
      json_quoted(name));
}

Status check_annotations(const Node& node) {
  if (!node.has("annotations")) return Done{};
  const Node annotations = node.member("annotations");
  if (!annotations.value.is_object()) return annotations.error("expected an object");
  for (const auto& [name, value] : annotations.value.items()) {
    if (!is_identifier(name)) {
      return annotations.error("expected the name of an annotation, found " + json_quoted(name));
    }
    if (!value.is_string() && !value.is_null()) {
      return annotations.member(name).error("expected a string or null");
    }
  }
  return Done{};
}

Result<TypeDeclaration> type_of(const Node& node, std::size_t depth, bool of_attribute = false);

// The members that describe a type, for each that has some.
Status check_type_members(const Node& node, bool of_attribute,
                          std::initializer_list<std::string_view> allowed) {
  for (const auto& [name, value] : node.value.items()) {
    if (name == "type" || std::find(allowed.begin(), allowed.end(), name) != allowed.end()) {
      continue;
    }
    if (of_attribute && (name == "required" || name == "annotations")) continue;
    return node.error("the member " + json_quoted(name) + " does not belong to this type");
  }
  return Done{};
}

Status record_of(const Node& node, std::size_t depth, TypeDeclaration& made) {
  if (!node.has("attributes")) return node.error("a Record needs the member \"attributes\"");
  if (node.has("additionalAttributes")) {
    const Node open = node.member("additionalAttributes");
    if (!open.value.is_boolean()) return open.error("expected true or false");
    if (open.value.get<bool>()) return open.error("open records are not supported");
  }
  const Node attributes = node.member("attributes");
  if (!attributes.value.is_object()) return attributes.error("expected an object");
  for (const auto& [name, value] : attributes.value.items()) {
    const Node each = attributes.member(name);
    AttributeDeclaration attribute;
    attribute.name = name;
    if (!value.is_object()) return each.error("expected an object that describes a type");
    if (each.has("required")) {
      const Node required = each.member("required");
      if (!required.value.is_boolean()) return required.error("expected true or false");
      attribute.required = required.value.get<bool>();
    }
    WY_RETURN_IF_ERROR(check_annotations(each));
    WY_TRY(attribute.type, type_of(each, depth + 1, true));
    made.attributes.push_back(std::move(attribute));
  }
  return Done{};
}

Status named_type_of(const Node& node, const std::string& type, TypeDeclaration& made) {
  if (!node.has("name")) return node.error("this type needs the member \"name\"");
  const Node name = node.member("name");
  if (type == "Extension") {
    made.kind = Kind::extension;
    WY_TRY(made.name, text_of(name));
    return check_new_name(name, made.name);
  }
  made.kind = type == "Entity" ? Kind::entity : Kind::entity_or_common;
  WY_TRY(made.name, reference_of(name));
  return Done{};
}

// The type of an attribute may have two more members, which record_of() has read.
Result<TypeDeclaration> type_of(const Node& node, std::size_t depth, bool of_attribute) {
  if (depth > kSchemaDepthMax) {
    return node.error("types may be at most " + std::to_string(kSchemaDepthMax) +
                      " deep in each other");
  }
  if (!node.value.is_object()) return node.error("expected an object that describes a type");
  if (!node.has("type")) return node.error("expected the member \"type\"");
  WY_TRY(const std::string type, text_of(node.member("type")));
  TypeDeclaration made;
  made.place = node.place();
  if (type == "Record") {
    WY_RETURN_IF_ERROR(
        check_type_members(node, of_attribute, {"attributes", "additionalAttributes"}));
    WY_RETURN_IF_ERROR(record_of(node, depth, made));
  } else if (type == "Set") {
    WY_RETURN_IF_ERROR(check_type_members(node, of_attribute, {"element"}));
    if (!node.has("element")) return node.error("a Set needs the member \"element\"");
    made.kind = Kind::set;
    WY_TRY(TypeDeclaration element, type_of(node.member("element"), depth + 1));
    made.element.push_back(std::move(element));
  } else if (type == "Entity" || type == "EntityOrCommon" || type == "Extension") {
    WY_RETURN_IF_ERROR(check_type_members(node, of_attribute, {"name"}));
    WY_RETURN_IF_ERROR(named_type_of(node, type, made));
  } else {
    WY_RETURN_IF_ERROR(check_type_members(node, of_attribute, {}));
    made.kind = type == "String"    ? Kind::text
                : type == "Long"    ? Kind::integer
                : type == "Boolean" ? Kind::boolean
                                    : Kind::common;
    if (made.kind == Kind::common) {
      WY_TRY(made.name, reference_of(node.member("type")));
    }
  }
  return made;
}

Result<std::vector<NameReference>> references_of(const Node& node) {
  std::vector<NameReference> references;
  if (!node.value.is_array()) return node.error("expected a list");
  for (std::size_t i = 0; i < node.value.size(); ++i) {
    const Node each{node.value[i], node.under(std::to_string(i))};
    WY_TRY(std::string name, reference_of(each));
    references.push_back({std::move(name), each.place()});
  }
  return references;
}

Status choices_of(const Node& node, std::vector<std::string>& choices) {
  if (!node.value.is_array() || node.value.empty()) {
    return node.error("expected a list with at least one string");
  }
  for (std::size_t i = 0; i < node.value.size(); ++i) {
    WY_TRY(std::string id, text_of({node.value[i], node.under(std::to_string(i))}));
    choices.push_back(std::move(id));
  }
  return Done{};
}

Result<EntityDeclaration> entity_of(const Node& node, const std::string& name) {
  WY_RETURN_IF_ERROR(
      check_members(node, {"memberOfTypes", "shape", "tags", "enum", "annotations"}));
  WY_RETURN_IF_ERROR(check_new_name(node, name));
  WY_RETURN_IF_ERROR(check_annotations(node));
  EntityDeclaration entity;
  entity.names.push_back({name, node.place()});
  entity.shape.place = node.place();
  if (node.has("enum")) {
    if (node.has("memberOfTypes") || node.has("shape") || node.has("tags")) {
      return node.error("an enumerated type has neither parents nor attributes nor tags");
    }
    WY_RETURN_IF_ERROR(choices_of(node.member("enum"), entity.choices));
    return entity;
  }
  if (node.has("memberOfTypes")) {
    WY_TRY(entity.parents, references_of(node.member("memberOfTypes")));
  }
  if (node.has("shape")) {
    WY_TRY(entity.shape, type_of(node.member("shape"), 1));
  }
  if (node.has("tags")) {
    WY_TRY(entity.tags, type_of(node.member("tags"), 1));
  }
  return entity;
}

Status parents_of(const Node& node, std::vector<ActionReference>& parents) {
  if (!node.value.is_array()) return node.error("expected a list");
  for (std::size_t i = 0; i < node.value.size(); ++i) {
    const Node each{node.value[i], node.under(std::to_string(i))};
    WY_RETURN_IF_ERROR(check_members(each, {"id", "type"}));
    if (!each.has("id")) return each.error("expected the member \"id\"");
    ActionReference parent;
    parent.place = each.place();
    WY_TRY(parent.id, text_of(each.member("id")));
    if (each.has_value("type")) {
      WY_TRY(parent.type, reference_of(each.member("type")));
    }
    parents.push_back(std::move(parent));
  }
  return Done{};
}

Result<ActionDeclaration> action_of(const Node& node, const std::string& id) {
  WY_RETURN_IF_ERROR(check_members(node, {"appliesTo", "memberOf", "attributes", "annotations"}));
  WY_RETURN_IF_ERROR(check_annotations(node));
  ActionDeclaration action;
  action.names.push_back({id, node.place()});
  action.context.place = node.place();
  if (node.has_value("attributes")) {
    return node.member("attributes").error("actions have no attributes");
  }
  if (node.has_value("memberOf")) {
    WY_RETURN_IF_ERROR(parents_of(node.member("memberOf"), action.parents));
  }
  if (!node.has_value("appliesTo")) return action;
  const Node applies = node.member("appliesTo");
  WY_RETURN_IF_ERROR(check_members(applies, {"principalTypes", "resourceTypes", "context"}));
  if (!applies.has("principalTypes") || !applies.has("resourceTypes")) {
    return applies.error("expected the members \"principalTypes\" and \"resourceTypes\"");
  }
  WY_TRY(action.principals, references_of(applies.member("principalTypes")));
  WY_TRY(action.resources, references_of(applies.member("resourceTypes")));
  if (applies.has("context")) {
    WY_TRY(action.context, type_of(applies.member("context"), 1));
  }
  return action;
}

Status common_types_of(const Node& node, NamespaceDeclaration& made) {
  if (!node.value.is_object()) return node.error("expected an object");
  for (const auto& [name, value] : node.value.items()) {
    const Node each = node.member(name);
    WY_RETURN_IF_ERROR(check_new_name(each, name));
    if (!value.is_object()) return each.error("expected an object that describes a type");
    CommonTypeDeclaration common;
    common.name = {name, each.place()};
    WY_RETURN_IF_ERROR(check_annotations(each));
    json without = value;
    without.erase("annotations");
    WY_TRY(common.type, type_of({without, each.path}, 1));
    made.common_types.push_back(std::move(common));
  }
  return Done{};
}

Result<NamespaceDeclaration> namespace_of_json(const Node& node, const std::string& name) {
  WY_RETURN_IF_ERROR(check_members(node, {"entityTypes", "actions", "commonTypes", "annotations"}));
  if (!name.empty() && !is_path(name)) {
    return node.error("expected the name of a namespace, found " + json_quoted(name));
  }
  WY_RETURN_IF_ERROR(check_annotations(node));
  if (name.empty() && node.has("annotations") && !node.value.at("annotations").empty()) {
    return node.error("the empty namespace has no annotations");
  }
  if (!node.has("entityTypes") || !node.has("actions")) {
    return node.error("expected the members \"entityTypes\" and \"actions\"");
  }
  NamespaceDeclaration made;
  made.name = name;
  made.place = node.place();
  if (node.has("commonTypes")) {
    WY_RETURN_IF_ERROR(common_types_of(node.member("commonTypes"), made));
  }
  const Node entities = node.member("entityTypes");
  if (!entities.value.is_object()) return entities.error("expected an object");
  for (const auto& [each, value] : entities.value.items()) {
    WY_TRY(EntityDeclaration entity, entity_of(entities.member(each), each));
    made.entities.push_back(std::move(entity));
  }
  const Node actions = node.member("actions");
  if (!actions.value.is_object()) return actions.error("expected an object");
  for (const auto& [each, value] : actions.value.items()) {
    WY_TRY(ActionDeclaration action, action_of(actions.member(each), each));
    made.actions.push_back(std::move(action));
  }
  return made;
}

}  // namespace

Result<SchemaFragment> parse_schema_json(std::string_view text) {
  WY_TRY(const json read, parse_strict_json(text, {kSchemaTextMax, kJsonDepthMax}));
  const Node root{read, "$"};
  if (!read.is_object()) return root.error("expected an object of namespaces");
  SchemaFragment fragment;
  for (const auto& [name, value] : read.items()) {
    WY_TRY(NamespaceDeclaration made,
           namespace_of_json({value, root.under(name.empty() ? "\"\"" : name)}, name));
    fragment.push_back(std::move(made));
  }
  return fragment;
}

}  // namespace wenyuan::auth::cedar
