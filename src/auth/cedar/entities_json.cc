#include "auth/cedar/entities_json.h"

#include <nlohmann/json.hpp>

#include <utility>

#include "auth/cedar/literal.h"
#include "auth/cedar/name.h"
#include "auth/cedar/schema_json_text.h"
#include "auth/cedar/value_json.h"

namespace wenyuan::auth::cedar {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{kJsonBytesMax, kJsonDepthMax};

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

bool is_action(const EntityUid& uid) { return base_name(uid.type) == "Action"; }

Result<Record> tags_of(const json& object, const JsonHint* hint) {
  if (!object.is_object()) return wrong("an object was expected");
  std::vector<Record::Attribute> tags;
  for (const auto& [key, each] : object.items()) {
    auto value = value_of(each, hint);
    if (!value) return within(cedar::quoted(key), std::move(value).error());
    tags.emplace_back(key, *std::move(value));
  }
  return Record(std::move(tags));
}

Result<std::vector<EntityUid>> parents_of(const json& array, const EntityUid& child) {
  if (!array.is_array()) return wrong("a list was expected");
  std::vector<EntityUid> parents;
  parents.reserve(array.size());
  for (const json& each : array) {
    WY_TRY(EntityUid uid, uid_of(each));
    if (is_action(child) && !is_action(uid)) {
      return wrong("an action is only in other actions, not in " + to_text(uid));
    }
    parents.push_back(std::move(uid));
  }
  return parents;
}

Status read_members(Entity& entity, const json& object, const EntityHints* hints) {
  for (const auto& [key, each] : object.items()) {
    if (key == "attrs") {
      auto read = record_of(each, hints == nullptr ? nullptr : hints->attributes(entity.uid.type));
      if (!read) return within("attrs", std::move(read).error());
      entity.attributes = *std::move(read);
    } else if (key == "tags") {
      auto read = tags_of(each, hints == nullptr ? nullptr : hints->tags(entity.uid.type));
      if (!read) return within("tags", std::move(read).error());
      entity.tags = *std::move(read);
    } else if (key == "parents") {
      auto read = parents_of(each, entity.uid);
      if (!read) return within("parents", std::move(read).error());
      entity.parents = *std::move(read);
    } else if (key != "uid") {
      return wrong("an entity has uid, attrs, parents and tags, but not " + cedar::quoted(key));
    }
  }
  return Done{};
}

Result<Entity> entity_of(const json& object, const EntityHints* hints) {
  if (!object.is_object() || !object.contains("uid")) {
    return wrong("an entity was expected: an object with uid, attrs, parents");
  }
  Entity entity;
  auto uid = uid_of(*object.find("uid"));
  if (!uid) return within("uid", std::move(uid).error());
  entity.uid = *std::move(uid);
  if (auto read = read_members(entity, object, hints); !read) {
    return within(to_text(entity.uid), std::move(read).error());
  }
  return entity;
}

}  // namespace

Result<std::vector<Entity>> parse_entities(std::string_view text, const EntityHints* hints) {
  WY_TRY(const json document, parse_strict_json(text, kLimits));
  if (!document.is_array()) return wrong("entities are a list in JSON");
  std::vector<Entity> entities;
  entities.reserve(document.size());
  for (const json& each : document) {
    auto entity = entity_of(each, hints);
    if (!entity) {
      return within("entity " + std::to_string(entities.size()), std::move(entity).error());
    }
    entities.push_back(*std::move(entity));
  }
  return entities;
}

Result<Record> parse_context(std::string_view text, const JsonHint* hint) {
  WY_TRY(const json document, parse_strict_json(text, kLimits));
  return record_of(document, hint);
}

Result<EntityUid> parse_entity_uid(std::string_view text) {
  WY_TRY(const json document, parse_strict_json(text, kLimits));
  return uid_of(document);
}

std::string to_json(const std::vector<Entity>& entities) {
  json array = json::array();
  for (const Entity& entity : entities) {
    json parents = json::array();
    for (const EntityUid& parent : entity.parents) parents.push_back(json_of(parent));
    json object = {{"uid", json_of(entity.uid)},
                   {"attrs", json_of(entity.attributes)},
                   {"parents", std::move(parents)}};
    if (!entity.tags.empty()) object["tags"] = json_of(entity.tags);
    array.push_back(std::move(object));
  }
  return array.dump();
}

std::string to_json(const Value& value) { return json_of(value).dump(); }

}  // namespace wenyuan::auth::cedar
