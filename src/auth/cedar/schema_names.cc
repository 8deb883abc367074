#include "auth/cedar/schema_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/cedar/name.h"

namespace wenyuan::auth::cedar {
namespace {

// Every full name repeats its namespace, so a long one would be copied once for each declaration.
constexpr std::size_t kNameSizeMax = 500;

constexpr std::array<std::string_view, 8> kReservedCommon = {
    "Bool", "Boolean", "Entity", "Extension", "Long", "Record", "Set", "String"};
constexpr std::array<std::string_view, 7> kBuiltin = {"Bool",   "Long",     "String",  "decimal",
                                                      "ipaddr", "datetime", "duration"};

std::string quoted_name(std::string_view name) {
  std::string text = "`";
  return text.append(name).append("`");
}

Error twice(const SchemaPlace& place, std::string_view what, std::string_view name) {
  std::string message(what);
  message.append(" ").append(quoted_name(name)).append(" is declared twice");
  return schema_error(place, message);
}

Status check_size(const NameReference& name) {
  if (name.name.size() <= kNameSizeMax) return Done{};
  return schema_error(name.place,
                      "a name may have at most " + std::to_string(kNameSizeMax) + " bytes");
}

// What a name may be in full: as it stands, or first in the namespace where it is written.
std::vector<std::string> candidates(std::string_view name_space, const std::string& name) {
  if (name_space.empty() || name.find("::") != std::string::npos) return {name};
  return {SchemaNames::qualified(name_space, name), name};
}

Error not_declared(const SchemaPlace& place, const std::vector<std::string>& names,
                   std::string_view as) {
  std::string message = quoted_name(names.front());
  for (std::size_t i = 1; i < names.size(); ++i) {
    message.insert(0, "neither ");
    message.append(" nor ").append(quoted_name(names[i]));
  }
  message.append(names.size() == 1 ? " is not declared as " : " is declared as ").append(as);
  return schema_error(place, message);
}

}  // namespace

std::string SchemaNames::qualified(std::string_view name_space, std::string_view name) {
  std::string full(name_space);
  if (!full.empty()) full.append("::");
  return full.append(name);
}

Result<SchemaNames> SchemaNames::collect(const SchemaFragment& fragment) {
  SchemaNames names;
  for (const NamespaceDeclaration& each : fragment) WY_RETURN_IF_ERROR(names.add_namespace(each));
  WY_RETURN_IF_ERROR(names.check_shadowing());
  names.add_builtins();
  std::set<std::string> action_types;
  for (const auto& [uid, place] : names.actions_) action_types.insert(uid.type);
  for (const std::string& type : action_types) names.entities_.try_emplace(type);
  return names;
}

Status SchemaNames::add_namespace(const NamespaceDeclaration& declaration) {
  const std::string& name_space = declaration.name;
  WY_RETURN_IF_ERROR(check_size({name_space, declaration.place}));
  if (!namespaces_.insert(name_space).second) {
    return twice(declaration.place, "the namespace", name_space);
  }
  for (const EntityDeclaration& entity : declaration.entities) {
    for (const NameReference& name : entity.names) {
      WY_RETURN_IF_ERROR(check_size(name));
      ++name_count_;
      if (name.name == "Action") {
        return schema_error(name.place, "`Action` is the type of actions and cannot be declared");
      }
      if (!entities_.emplace(qualified(name_space, name.name), name.place).second) {
        return twice(name.place, "the entity type", name.name);
      }
    }
  }
  for (const CommonTypeDeclaration& common : declaration.common_types) {
    const NameReference& name = common.name;
    WY_RETURN_IF_ERROR(check_size(name));
    ++name_count_;
    if (std::find(kReservedCommon.begin(), kReservedCommon.end(), name.name) !=
        kReservedCommon.end()) {
      return schema_error(name.place, quoted_name(name.name) + " is reserved for Cedar's own type");
    }
    const std::string full = qualified(name_space, name.name);
    if (!common_places_.emplace(full, name.place).second) {
      return twice(name.place, "the type", name.name);
    }
    common_.emplace(full, Common{&common, name_space, {}});
  }
  const std::string action_type = qualified(name_space, "Action");
  for (const ActionDeclaration& action : declaration.actions) {
    for (const NameReference& name : action.names) {
      ++name_count_;
      if (!actions_.emplace(EntityUid{action_type, name.name}, name.place).second) {
        return twice(name.place, "the action", name.name);
      }
    }
  }
  if (name_count_ > kSchemaDeclarationMax) {
    return Error{ErrorCode::too_large, "a schema may declare at most " +
                                           std::to_string(kSchemaDeclarationMax) + " names"};
  }
  return Done{};
}

Status SchemaNames::check_shadowing() const {
  std::map<std::string_view, std::string_view> in_namespaces;
  for (const auto* declared : {&entities_, &common_places_}) {
    for (const auto& [name, place] : *declared) {
      if (!namespace_of(name).empty()) in_namespaces.emplace(base_name(name), name);
    }
  }
  for (const auto* declared : {&entities_, &common_places_}) {
    for (const auto& [name, place] : *declared) {
      if (!namespace_of(name).empty()) continue;
      const auto shadowing = in_namespaces.find(name);
      if (shadowing == in_namespaces.end()) continue;
      return schema_error(place, quoted_name(name) + " in the empty namespace is hidden by " +
                                     quoted_name(shadowing->second) + "; rename one of them");
    }
  }
  std::map<std::string_view, const EntityUid*> actions;
  for (const auto& [uid, place] : actions_) {
    if (uid.type != "Action") actions.emplace(uid.id, &uid);
  }
  for (const auto& [uid, place] : actions_) {
    if (uid.type != "Action") continue;
    const auto shadowing = actions.find(uid.id);
    if (shadowing == actions.end()) continue;
    return schema_error(place, "the action " + to_text(uid) +
                                   " in the empty namespace is hidden by " +
                                   to_text(*shadowing->second) + "; rename one of them");
  }
  return Done{};
}

void SchemaNames::add_builtins() {
  for (const std::string_view builtin : kBuiltin) {
    const Common own{nullptr, {}, std::string(builtin)};
    common_.emplace(qualified("__cedar", builtin), own);
    // A declaration of the same name in the empty namespace hides it; __cedar:: still reaches it.
    if (!entities_.contains(builtin)) common_.emplace(builtin, own);
  }
}

Result<SchemaNames::Found> SchemaNames::find_type(std::string_view name_space,
                                                  const std::string& name, Wanted wanted,
                                                  const SchemaPlace& place) const {
  std::vector<std::string> names = candidates(name_space, name);
  for (std::string& each : names) {
    if (wanted != Wanted::entity && common_.contains(each)) return Found{true, std::move(each)};
    if (wanted != Wanted::common && entities_.contains(each)) return Found{false, std::move(each)};
  }
  const std::string_view as = wanted == Wanted::entity   ? "an entity type"
                              : wanted == Wanted::common ? "a type (`type … = …`)"
                                                         : "a type or an entity type";
  return not_declared(place, names, as);
}

Result<EntityUid> SchemaNames::find_action(std::string_view name_space,
                                           const ActionReference& action) const {
  std::vector<std::string> names =
      candidates(name_space, action.type.empty() ? "Action" : action.type);
  for (std::string& type : names) {
    EntityUid uid{std::move(type), action.id};
    if (actions_.contains(uid)) return uid;
    type = to_text(uid);
  }
  return not_declared(action.place, names, "an action");
}

}  // namespace wenyuan::auth::cedar
