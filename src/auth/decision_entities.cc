#include "auth/decision_entities.h"

#include <string>
#include <utility>
#include <vector>

#include "auth/cedar/schema_wenyuan.h"

namespace wenyuan::auth {
namespace {

using cedar::Value;

Value of_texts(const std::vector<std::string>& texts) {
  std::vector<Value> values;
  for (const std::string& text : texts) values.emplace_back(text);
  return Value(cedar::Set(std::move(values)));
}

std::vector<cedar::Record::Attribute> values_of(const Attributes& attributes, AttributeOwner owner,
                                                const AttributeKinds& kinds) {
  std::vector<cedar::Record::Attribute> values;
  for (const auto& [name, value] : attributes) {
    values.emplace_back(name, kinds.value(owner, name, value));
  }
  return values;
}

}  // namespace

cedar::Entity entity_of(const Principal& principal, const AttributeKinds& kinds) {
  cedar::Entity entity;
  entity.uid = cedar::user_uid(principal.user_id);
  for (const std::string& group : principal.group_ids) entity.parents.push_back({"Group", group});
  for (const std::string& role : principal.roles) entity.parents.push_back({"Role", role});
  auto values = values_of(principal.attributes, AttributeOwner::user, kinds);
  // Behind the user's attributes, as the last of a name counts.
  values.emplace_back("id", principal.user_id);
  values.emplace_back("username", principal.username);
  values.emplace_back("roles", of_texts(principal.roles));
  values.emplace_back("groups", of_texts(principal.group_ids));
  entity.attributes = cedar::Record(std::move(values));
  return entity;
}

cedar::Entity entity_of(const Label& label, const AttributeKinds& kinds) {
  cedar::Entity entity;
  const cedar::EntityUid collection{"Collection", label.collection_id};
  if (label.id == 0) {
    entity.uid = collection;
  } else {
    entity.uid = {"Document", "label " + std::to_string(label.id)};
    entity.parents.push_back(collection);
  }
  auto values = values_of(label.attributes, AttributeOwner::resource, kinds);
  values.emplace_back("kind", std::string(name(label.collection_kind)));
  values.emplace_back("owner", cedar::user_uid(label.owner_id));
  values.emplace_back("collection", label.collection_id);
  entity.attributes = cedar::Record(std::move(values));
  return entity;
}

}  // namespace wenyuan::auth
