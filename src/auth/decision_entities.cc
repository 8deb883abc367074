#include "auth/decision_entities.h"

#include <string>
#include <utility>
#include <vector>

#include "auth/cedar/schema_wenyuan.h"
#include "auth/policy/levels.h"

namespace wenyuan::auth {
namespace {

using cedar::Value;

Value of_texts(const std::vector<std::string>& texts) {
  std::vector<Value> values;
  for (const std::string& text : texts) values.emplace_back(text);
  return Value(cedar::Set(std::move(values)));
}

Value value_of(const std::string& name, const AttributeValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return Value(*flag);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return Value(*number);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return of_texts(*texts);
  const auto& text = std::get<std::string>(value);
  const auto level = policy::is_level_attribute(name) ? policy::level(text) : std::nullopt;
  return level ? Value(std::int64_t{*level}) : Value(text);
}

std::vector<cedar::Record::Attribute> values_of(const Attributes& attributes) {
  std::vector<cedar::Record::Attribute> values;
  for (const auto& [name, value] : attributes) values.emplace_back(name, value_of(name, value));
  return values;
}

}  // namespace

cedar::Entity entity_of(const Principal& principal) {
  cedar::Entity entity;
  entity.uid = cedar::user_uid(principal.user_id);
  for (const std::string& group : principal.group_ids) entity.parents.push_back({"Group", group});
  for (const std::string& role : principal.roles) entity.parents.push_back({"Role", role});
  auto values = values_of(principal.attributes);
  // Behind the user's attributes, as the last of a name counts.
  values.emplace_back("id", principal.user_id);
  values.emplace_back("username", principal.username);
  values.emplace_back("roles", of_texts(principal.roles));
  values.emplace_back("groups", of_texts(principal.group_ids));
  entity.attributes = cedar::Record(std::move(values));
  return entity;
}

cedar::Entity entity_of(const Label& label) {
  cedar::Entity entity;
  const cedar::EntityUid collection{"Collection", label.collection_id};
  if (label.id == 0) {
    entity.uid = collection;
  } else {
    entity.uid = {"Document", "label " + std::to_string(label.id)};
    entity.parents.push_back(collection);
  }
  auto values = values_of(label.attributes);
  values.emplace_back("kind", std::string(name(label.collection_kind)));
  values.emplace_back("owner", cedar::user_uid(label.owner_id));
  values.emplace_back("collection", label.collection_id);
  entity.attributes = cedar::Record(std::move(values));
  return entity;
}

}  // namespace wenyuan::auth
