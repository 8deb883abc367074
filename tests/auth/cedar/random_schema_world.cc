#include "tests/auth/cedar/random_schema_world.h"

#include <utility>

#include "auth/cedar/schema_conformance.h"

namespace wenyuan::auth::cedar::testing {
namespace {

const std::vector<std::string> kIds = {"a", "b", "c"};
const std::vector<std::string> kTexts = {"", "a", "b", "ab"};

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : between).append(part);
  return text;
}

}  // namespace

RandomSchemaWorld::RandomSchemaWorld(const Schema& schema, unsigned seed)
    : schema_(schema), random_(seed) {
  for (const auto& [uid, action] : schema.actions()) {
    if (!action.principals.empty() && !action.resources.empty()) actions_.push_back(&action);
  }
}

void RandomSchemaWorld::walk(const Path& path, int depth) {
  paths_.push_back(path);
  if (depth == 0) return;
  const AttributeTypes* attributes = nullptr;
  if (path.type->kind == TypeKind::record) attributes = &path.type->attributes;
  if (path.type->kind == TypeKind::entity && schema_.entity_type(path.type->name) != nullptr) {
    attributes = &schema_.entity_type(path.type->name)->shape->attributes;
  }
  if (attributes == nullptr) return;
  for (const auto& [name, attribute] : *attributes) {
    Path longer{path.text + "." + name, attribute.type, path.guards};
    if (!attribute.required) longer.guards.push_back(path.text + " has " + name);
    walk(longer, depth - 1);
  }
}

std::string RandomSchemaWorld::policy() {
  const ActionSchema& action = *actions_[below(actions_.size())];
  const std::string& principal = action.principals[below(action.principals.size())];
  const std::string& resource = action.resources[below(action.resources.size())];
  paths_.clear();
  walk({"principal", schema_.entity_type(principal)->type, {}}, 3);
  walk({"resource", schema_.entity_type(resource)->type, {}}, 3);
  walk({"context", action.context, {}}, 3);
  paths_.push_back({"action", action.type, {}});
  std::string text = chance(0.5) ? "permit(" : "forbid(";
  text.append("principal is ").append(principal);
  text.append(chance(0.9) ? ", action == " + to_text(action.uid) : std::string(", action"));
  text.append(", resource is ").append(resource).append(")");
  const std::size_t count = 1 + below(2);
  for (std::size_t i = 0; i < count; ++i) {
    text.append(chance(0.7) ? " when { " : " unless { ").append(boolean(3)).append(" }");
  }
  return text.append(";");
}

std::string RandomSchemaWorld::entity_text(const std::string& type) {
  if (is_action_type(type)) return to_text(actions_[below(actions_.size())]->uid);
  return to_text(EntityUid{type, id_of(*schema_.entity_type(type))});
}

// Something of this type that can be reached; empty when there is nothing.
std::string RandomSchemaWorld::path_of(const Type& type) {
  std::vector<const Path*> fitting;
  for (const Path& path : paths_) {
    if (is_subtype(*path.type, type)) fitting.push_back(&path);
  }
  if (fitting.empty()) return "";
  const Path& chosen = *fitting[below(fitting.size())];
  guards_.insert(guards_.end(), chosen.guards.begin(), chosen.guards.end());
  return chosen.text;
}

const Type& RandomSchemaWorld::any_type() { return *paths_[below(paths_.size())].type; }

std::string RandomSchemaWorld::extension(const std::string& name) {
  if (name == "decimal") return chance(0.5) ? "decimal(\"1.5\")" : "decimal(\"-0.1\")";
  if (name == "ipaddr") return chance(0.5) ? "ip(\"10.0.0.1\")" : "ip(\"::1/64\")";
  if (name == "duration") return chance(0.5) ? "duration(\"1d\")" : "duration(\"-5s\")";
  if (chance(0.3)) return "datetime(\"2026-01-01\").offset(duration(\"1h\"))";
  return "datetime(\"2026-01-01\")";
}

std::string RandomSchemaWorld::expression(const Type& wanted, int depth) {
  const Type& type = chance(0.04) ? any_type() : wanted;
  if (depth <= 0 || chance(0.6)) {
    if (std::string path = path_of(type); !path.empty()) return path;
  }
  if (depth > 0 && chance(0.1)) {
    std::string text = "(if " + boolean(depth - 1) + " then " + expression(type, depth - 1);
    return text.append(" else ").append(expression(type, depth - 1)).append(")");
  }
  switch (type.kind) {
    case TypeKind::always_true:
    case TypeKind::always_false:
    case TypeKind::boolean: return "(" + boolean(depth - 1) + ")";
    case TypeKind::integer:
      if (depth <= 0 || chance(0.5)) return std::to_string(below(5));
      return "(" + expression(type, depth - 1) + (chance(0.5) ? " + " : " * ") +
             expression(type, depth - 1) + ")";
    case TypeKind::text: return "\"" + kTexts[below(kTexts.size())] + "\"";
    case TypeKind::entity: return entity_text(type.name);
    case TypeKind::extension: return extension(type.name);
    case TypeKind::set: {
      std::vector<std::string> elements;
      for (std::size_t i = below(2) + (chance(0.03) ? 0 : 1); i > 0; --i) {
        elements.push_back(expression(*type.element, depth - 1));
      }
      return "[" + join(elements, ", ") + "]";
    }
    case TypeKind::record: break;
  }
  std::vector<std::string> attributes;
  for (const auto& [name, attribute] : type.attributes) {
    attributes.push_back(name + ": " + expression(*attribute.type, depth - 1));
  }
  return "{" + join(attributes, ", ") + "}";
}

// A comparison with `has` for all that it needs before it, nearly always.
std::string RandomSchemaWorld::guarded(int depth) {
  std::vector<std::string> outer = std::exchange(guards_, {});
  const std::string inner = chance(0.6) ? comparison(depth) : membership(depth);
  std::vector<std::string> guards = std::exchange(guards_, std::move(outer));
  if (guards.empty() || chance(0.08)) return inner;
  if (chance(0.1)) {
    return "(if " + join(guards, " && ") + " then " + inner + " else " + boolean(depth - 1) + ")";
  }
  if (chance(0.1))
    guards.insert(guards.begin(), "(" + guards.front() + " || " + guards.front() + ")");
  return "(" + join(guards, " && ") + " && " + inner + ")";
}

std::string RandomSchemaWorld::comparison(int depth) {
  const Type& type = any_type();
  const bool ordered =
      type.kind == TypeKind::integer ||
      (type.kind == TypeKind::extension && type.name != "decimal" && type.name != "ipaddr");
  const std::string left = expression(type, depth - 1);
  const std::string right = expression(type, depth - 1);
  if (ordered && chance(0.6)) {
    const std::vector<std::string> signs = {" < ", " <= ", " > ", " >= "};
    return "(" + left + signs[below(4)] + right + ")";
  }
  if (type.kind == TypeKind::text && chance(0.5)) return "(" + left + " like \"a*\")";
  if (type.kind == TypeKind::extension && type.name == "ipaddr" && chance(0.6)) {
    return left + (chance(0.5) ? ".isInRange(" + right + ")" : ".isLoopback()");
  }
  if (type.kind == TypeKind::extension && type.name == "decimal" && chance(0.6)) {
    return left + ".lessThan(" + right + ")";
  }
  return "(" + left + (chance(0.7) ? " == " : " != ") + right + ")";
}

std::string RandomSchemaWorld::membership(int depth) {
  const Type& type = any_type();
  const std::string left = expression(type, depth - 1);
  if (type.kind == TypeKind::set) {
    if (chance(0.4)) return left + ".contains(" + expression(*type.element, depth - 1) + ")";
    if (chance(0.3)) return left + ".isEmpty()";
    return left + (chance(0.5) ? ".containsAll(" : ".containsAny(") + expression(type, depth - 1) +
           ")";
  }
  if (type.kind == TypeKind::entity) {
    const Type& other = any_type();
    if (chance(0.3)) return tag(depth);
    if (chance(0.3) && other.kind == TypeKind::entity)
      return "(" + left + " is " + other.name + ")";
    if (other.kind == TypeKind::entity) {
      return "(" + left + " in " + expression(other, depth - 1) + ")";
    }
  }
  std::vector<std::string> names = {"name", "boss.name", "home.city", "zzz"};
  if (type.kind == TypeKind::record || type.kind == TypeKind::entity) {
    return "(" + left + " has " + names[below(names.size())] + ")";
  }
  return "(" + left + " == " + expression(type, depth - 1) + ")";
}

std::string RandomSchemaWorld::tag(int depth) {
  const Type& type = any_type();
  const EntityTypeSchema* entity =
      type.kind == TypeKind::entity ? schema_.entity_type(type.name) : nullptr;
  if (entity == nullptr || entity->tags == nullptr) return boolean(depth - 1);
  const std::string base = expression(type, 0);
  const std::string key = chance(0.5) ? "\"t\"" : "\"u\"";
  const std::string use = base + ".getTag(" + key + ") == " + expression(*entity->tags, depth - 1);
  if (chance(0.1)) return "(" + use + ")";
  return "(" + base + ".hasTag(" + key + ") && " + use + ")";
}

std::string RandomSchemaWorld::boolean(int depth) {
  if (depth <= 0) {
    const std::vector<std::string> leaves = {"true", "false", "principal == resource"};
    return chance(0.4) ? leaves[below(leaves.size())] : guarded(1);
  }
  switch (below(7)) {
    case 0: return "(" + boolean(depth - 1) + " && " + boolean(depth - 1) + ")";
    case 1: return "(" + boolean(depth - 1) + " || " + boolean(depth - 1) + ")";
    case 2: return "!" + ("(" + boolean(depth - 1) + ")");
    default: return guarded(depth);
  }
}

std::string RandomSchemaWorld::id_of(const EntityTypeSchema& type) {
  return type.is_enumerated() ? type.choices[below(type.choices.size())] : kIds[below(kIds.size())];
}

Value RandomSchemaWorld::value(const Type& type) {
  switch (type.kind) {
    case TypeKind::always_true:
    case TypeKind::always_false:
    case TypeKind::boolean: return Value(chance(0.5));
    case TypeKind::integer: return Value(static_cast<std::int64_t>(below(5)));
    case TypeKind::text: return Value(kTexts[below(kTexts.size())]);
    case TypeKind::entity:
      if (is_action_type(type.name)) return Value(actions_[below(actions_.size())]->uid);
      return Value(EntityUid{type.name, id_of(*schema_.entity_type(type.name))});
    case TypeKind::extension:
      if (type.name == "decimal") return Value(*parse_decimal("1.5"));
      if (type.name == "ipaddr") return Value(*parse_ip_address("10.0.0.1"));
      if (type.name == "duration") return Value(*parse_duration("1d"));
      return Value(*parse_datetime("2026-01-01"));
    case TypeKind::set: {
      std::vector<Value> elements;
      for (std::size_t i = below(3); i > 0; --i) elements.push_back(value(*type.element));
      return Value(Set(std::move(elements)));
    }
    case TypeKind::record: break;
  }
  return Value(record(type.attributes));
}

Record RandomSchemaWorld::record(const AttributeTypes& attributes) {
  std::vector<Record::Attribute> made;
  for (const auto& [name, attribute] : attributes) {
    if (attribute.required || chance(0.5)) made.emplace_back(name, value(*attribute.type));
  }
  return Record(std::move(made));
}

std::vector<Entity> RandomSchemaWorld::entities() {
  std::vector<Entity> made;
  for (const auto& [name, type] : schema_.entity_types()) {
    for (const std::string& id : type.is_enumerated() ? type.choices : kIds) {
      Entity& entity = made.emplace_back();
      entity.uid = {name, id};
      entity.attributes = record(type.shape->attributes);
      if (type.tags != nullptr && chance(0.7)) {
        entity.tags = Record({{"t", value(*type.tags)}});
      }
    }
  }
  // A parent comes later, so that there is no cycle.
  for (std::size_t i = 0; i < made.size(); ++i) {
    for (std::size_t j = i + 1; j < made.size(); ++j) {
      const EntityTypeSchema* type = schema_.entity_type(made[i].uid.type);
      if (type->may_be_in(made[j].uid.type) && chance(0.3)) {
        made[i].parents.push_back(made[j].uid);
      }
    }
  }
  return with_actions(std::move(made), schema_);
}

Request RandomSchemaWorld::request() {
  const ActionSchema& action = *actions_[below(actions_.size())];
  const std::string& principal = action.principals[below(action.principals.size())];
  const std::string& resource = action.resources[below(action.resources.size())];
  return {{principal, id_of(*schema_.entity_type(principal))},
          action.uid,
          {resource, id_of(*schema_.entity_type(resource))},
          record(action.context->attributes)};
}

}  // namespace wenyuan::auth::cedar::testing
