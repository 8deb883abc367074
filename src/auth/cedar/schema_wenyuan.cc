#include "auth/cedar/schema_wenyuan.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "auth/cedar/literal.h"
#include "auth/cedar/name.h"
#include "auth/policy/levels.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::string_view kUser = "User";
constexpr std::string_view kDocument = "Document";
constexpr std::string_view kCollection = "Collection";

constexpr std::array<std::string_view, 2> kUserOwn = {"id", "username"};
constexpr std::array<std::string_view, 2> kResourceOwn = {"kind", "owner"};

std::string_view type_name(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::boolean: return "Bool";
    case AttributeKind::integer: return "Long";
    case AttributeKind::text: return "String";
    case AttributeKind::texts: return "Set<String>";
    case AttributeKind::level: return "Long";
    case AttributeKind::time: return "datetime";
  }
  return "";
}

Status check_names(const std::vector<DeclaredAttribute>& attributes,
                   std::span<const std::string_view> own) {
  std::set<std::string_view> names(own.begin(), own.end());
  Attributes as_attributes;
  for (const DeclaredAttribute& attribute : attributes) {
    if (!names.insert(attribute.name).second) {
      return Error{ErrorCode::invalid_argument, "the attribute " + cedar::quoted(attribute.name) +
                                                    " is declared twice, or is one that "
                                                    "is always there"};
    }
    as_attributes.emplace(attribute.name, true);
  }
  return check_attributes(as_attributes);
}

std::vector<std::string> levels_of(const DeclaredAttribute& attribute) {
  if (!attribute.levels.empty()) return attribute.levels;
  return {policy::kLevels.begin(), policy::kLevels.end()};
}

std::string declared(const std::vector<DeclaredAttribute>& attributes) {
  std::string text;
  for (const DeclaredAttribute& attribute : attributes) {
    const bool plain = is_identifier(attribute.name) && !is_reserved(attribute.name);
    text.append("  ").append(plain ? attribute.name : cedar::quoted(attribute.name));
    text.append("?: ").append(type_name(attribute.kind)).append(",");
    if (attribute.kind == AttributeKind::level) {
      const char* between = "  // ";
      const std::vector<std::string> levels = levels_of(attribute);
      for (std::size_t at = 0; at < levels.size(); ++at) {
        // It must not end the comment.
        const bool shown = levels[at].find_first_of("\r\n") == std::string::npos;
        text.append(between).append(shown ? levels[at] : "?").append(" ");
        text.append(std::to_string(at));
        between = ", ";
      }
    }
    text.append("\n");
  }
  return text;
}

constexpr std::string_view kHead =
    R"(// Whom and what Wenyuan's policies speak about. See schema_wenyuan.h.

// What a user is in the organization: Role::"admin", Role::"reader", or a role of your own.
entity Role;

// Groups may stand in each other.
entity Group in [Group];

entity User in [Group, Role] = {
  id: String,
  username: String,
)";

constexpr std::string_view kActions =
    R"(
// How a request came; settled before any document is looked at.
type Circumstances = {
  now: datetime,
  address?: ipaddr,
  second_factor: Bool,
  credential: String,  // "session", "key", "signature", "gateway" or "certificate"
};

// Every action on documents and collections.
action access;

action read, write, manage in [access] appliesTo {
  principal: [User],
  resource: [Document, Collection],
  context: Circumstances,
};
)";

Error mismatch(std::string_view name, std::string_view wanted) {
  std::string message = "the attribute ";
  message.append(cedar::quoted(name)).append(" has to be ").append(wanted);
  return {ErrorCode::invalid_argument, std::move(message)};
}

Result<Value> level_value(const DeclaredAttribute& attribute, const AttributeValue& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number != nullptr && attribute.levels.empty()) return Value(*number);
  const std::vector<std::string> levels = levels_of(attribute);
  std::string wanted;
  for (std::size_t at = 0; at < levels.size(); ++at) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && *text == levels[at]) return Value(static_cast<std::int64_t>(at));
    const bool is_last = at + 1 == levels.size();
    const bool ends_list = is_last && !attribute.levels.empty();
    wanted.append(at == 0 ? "" : ends_list ? " or " : ", ").append(levels[at]);
  }
  return mismatch(attribute.name,
                  attribute.levels.empty() ? wanted.append(" or a whole number") : wanted);
}

Result<Value> time_value(const DeclaredAttribute& attribute, const AttributeValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  const auto time = text != nullptr ? parse_datetime(*text) : std::nullopt;
  if (time) return Value(*time);
  return mismatch(attribute.name,
                  "a date such as 2026-01-31, or a time such as "
                  "2026-01-31T12:00:00Z");
}

}  // namespace

Result<Value> attribute_value(const DeclaredAttribute& attribute, const AttributeValue& value) {
  switch (attribute.kind) {
    case AttributeKind::boolean:
      if (const auto* flag = std::get_if<bool>(&value)) return Value(*flag);
      return mismatch(attribute.name, "true or false");
    case AttributeKind::integer:
      if (const auto* number = std::get_if<std::int64_t>(&value)) return Value(*number);
      return mismatch(attribute.name, "a whole number");
    case AttributeKind::text:
      if (const auto* text = std::get_if<std::string>(&value)) return Value(*text);
      return mismatch(attribute.name, "a text");
    case AttributeKind::level: return level_value(attribute, value);
    case AttributeKind::time: return time_value(attribute, value);
    case AttributeKind::texts: break;
  }
  std::vector<Value> values;
  if (const auto* only = std::get_if<std::string>(&value)) {
    values.emplace_back(*only);
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& text : *texts) values.emplace_back(text);
  } else {
    return mismatch(attribute.name, "a list of texts");
  }
  return Value(Set(std::move(values)));
}

namespace {

Status add_values(const std::vector<DeclaredAttribute>& attributes, const Attributes& given,
                  std::vector<Record::Attribute>& values) {
  for (const DeclaredAttribute& attribute : attributes) {
    const auto found = given.find(attribute.name);
    if (found == given.end()) continue;
    WY_TRY(Value value, attribute_value(attribute, found->second));
    values.emplace_back(attribute.name, std::move(value));
  }
  return Done{};
}

Result<Record> resource_record(CollectionKind kind, const std::string& owner_id,
                               const Attributes& given, const SchemaAttributes& attributes) {
  std::vector<Record::Attribute> values;
  values.emplace_back("kind", std::string(name(kind)));
  values.emplace_back("owner", user_uid(owner_id));
  WY_RETURN_IF_ERROR(add_values(attributes.resource, given, values));
  return Record(std::move(values));
}

}  // namespace

SchemaAttributes usual_attributes(const store::AccessAttributes& access) {
  SchemaAttributes made;
  for (const std::string& name : access) {
    const bool is_level = name == "sensitivity" || name == "clearance";
    const AttributeKind kind = is_level ? AttributeKind::level : AttributeKind::text;
    made.resource.push_back({name, kind});
    if (std::any_of(kUserOwn.begin(), kUserOwn.end(), [&](auto own) { return own == name; })) {
      continue;
    }
    made.user.push_back({name == "sensitivity" ? "clearance" : name, kind});
  }
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  const auto same_name = [](const auto& a, const auto& b) { return a.name == b.name; };
  std::sort(made.user.begin(), made.user.end(), by_name);
  made.user.erase(std::unique(made.user.begin(), made.user.end(), same_name), made.user.end());
  return made;
}

Result<std::string> schema_text(const SchemaAttributes& attributes) {
  WY_RETURN_IF_ERROR(check_names(attributes.user, kUserOwn));
  WY_RETURN_IF_ERROR(check_names(attributes.resource, kResourceOwn));
  const std::string resource = declared(attributes.resource);
  std::string text(kHead);
  text.append(declared(attributes.user)).append("};\n\n");
  text.append(
      "entity Collection = {\n  kind: String,  // \"personal\" or \"organization\"\n"
      "  owner: User,\n");
  text.append(resource).append("};\n\n");
  text.append(
      "// All documents of one label.\nentity Document in [Collection] = {\n"
      "  kind: String,  // of its collection\n  owner: User,   // of its collection\n");
  text.append(resource).append("};\n");
  return text.append(kActions);
}

EntityUid action_uid(Action action) {
  switch (action) {
    case Action::read: return {"Action", "read"};
    case Action::write: return {"Action", "write"};
    case Action::manage: return {"Action", "manage"};
  }
  return {};
}

EntityUid user_uid(const std::string& user_id) { return {std::string(kUser), user_id}; }

Result<Entity> user_entity(const Principal& principal, const SchemaAttributes& attributes) {
  Entity user;
  user.uid = user_uid(principal.user_id);
  for (const std::string& group : principal.group_ids) user.parents.push_back({"Group", group});
  for (const std::string& role : principal.roles) user.parents.push_back({"Role", role});
  std::vector<Record::Attribute> values;
  values.emplace_back("id", principal.user_id);
  values.emplace_back("username", principal.username);
  WY_RETURN_IF_ERROR(add_values(attributes.user, principal.attributes, values));
  user.attributes = Record(std::move(values));
  return user;
}

Result<Entity> resource_entity(const Label& label, const SchemaAttributes& attributes) {
  Entity entity;
  entity.uid = {std::string(kDocument), "label " + std::to_string(label.id)};
  entity.parents.push_back({std::string(kCollection), label.collection_id});
  WY_TRY(entity.attributes,
         resource_record(label.collection_kind, label.owner_id, label.attributes, attributes));
  return entity;
}

Result<Entity> collection_entity(const Collection& collection, const SchemaAttributes& attributes) {
  Entity entity;
  entity.uid = {std::string(kCollection), collection.id};
  WY_TRY(entity.attributes,
         resource_record(collection.kind, collection.owner_id, collection.attributes, attributes));
  return entity;
}

Record context_record(const Circumstances& circumstances) {
  std::vector<Record::Attribute> values;
  values.emplace_back("now", Datetime{circumstances.now});
  if (circumstances.address) values.emplace_back("address", *circumstances.address);
  values.emplace_back("second_factor", circumstances.second_factor);
  values.emplace_back("credential", circumstances.credential);
  return Record(std::move(values));
}

bool names_a_document(const Policy& policy) {
  const auto is_document = [](const EntityUid& uid) { return uid.type == kDocument; };
  for (const Scope* scope : {&policy.principal, &policy.action, &policy.resource}) {
    if (std::any_of(scope->entities.begin(), scope->entities.end(), is_document)) return true;
  }
  std::vector<const Expression*> open;
  for (const Condition& condition : policy.conditions) open.push_back(&condition.body);
  while (!open.empty()) {
    const Expression& next = *open.back();
    open.pop_back();
    if (next.kind == ExpressionKind::entity && is_document(next.entity())) return true;
    for (const Expression& operand : next.operands) open.push_back(&operand);
  }
  return false;
}

}  // namespace wenyuan::auth::cedar
