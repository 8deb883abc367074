#include "app/attribute_config.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace wenyuan::app {
namespace {

using auth::cedar::AttributeKind;
using auth::cedar::DeclaredAttribute;
using auth::cedar::SchemaAttributes;

constexpr std::array<std::pair<std::string_view, AttributeKind>, 6> kKinds = {{
    {"text", AttributeKind::text},
    {"texts", AttributeKind::texts},
    {"number", AttributeKind::integer},
    {"boolean", AttributeKind::boolean},
    {"level", AttributeKind::level},
    {"time", AttributeKind::time},
}};

Error bad(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

Result<std::vector<std::string>> texts(const toml::node& node, const std::string& where) {
  const Error wrong = bad(where + " must be a list of texts");
  if (!node.is_array()) return wrong;
  std::vector<std::string> found;
  for (const toml::node& item : *node.as_array()) {
    const auto text = item.value<std::string>();
    if (!text) return wrong;
    found.push_back(*text);
  }
  return found;
}

Result<AttributeKind> kind_of(const toml::node& node, const std::string& where) {
  const std::string name = node.value<std::string>().value_or("");
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return kind;
  }
  return bad(where + ": kind must be text, texts, number, boolean, level or time");
}

Status read_one(const toml::table& table, const std::string& where, SchemaAttributes& attributes) {
  DeclaredAttribute attribute;
  attribute.name = table["name"].value<std::string>().value_or("");
  if (attribute.name.empty()) return bad(where + ": name is missing");
  std::vector<std::string> owners = {"document", "user"};
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    if (name == "kind") {
      WY_TRY(attribute.kind, kind_of(node, where));
    } else if (name == "levels") {
      WY_TRY(attribute.levels, texts(node, where + ": levels"));
    } else if (name == "of") {
      WY_TRY(owners, texts(node, where + ": of"));
    } else if (name != "name") {
      return bad(where + ": there is no setting called " + std::string(name));
    }
  }
  for (const std::string& owner : owners) {
    if (owner != "document" && owner != "user") {
      return bad(where + ": of must have \"document\", \"user\" or both");
    }
    (owner == "user" ? attributes.user : attributes.resource).push_back(attribute);
  }
  return Done{};
}

}  // namespace

Result<std::optional<auth::AttributeKinds>> read_attribute_kinds(const toml::table& table,
                                                                 const std::string& file) {
  const toml::node* node = table.get("attribute");
  if (node == nullptr) return std::optional<auth::AttributeKinds>();
  if (!node->is_array_of_tables()) return bad(file + ": attributes are declared as [[attribute]]");
  if (table.contains("access_attributes")) {
    return bad(file + ": either access_attributes or [[attribute]], not both");
  }
  SchemaAttributes attributes;
  int number = 0;
  for (const toml::node& item : *node->as_array()) {
    const std::string where = file + ": [[attribute]] " + std::to_string(++number);
    WY_RETURN_IF_ERROR(read_one(*item.as_table(), where, attributes));
  }
  auto kinds = auth::AttributeKinds::declared(std::move(attributes));
  if (!kinds) return within(file, kinds.error());
  return std::optional<auth::AttributeKinds>(*std::move(kinds));
}

}  // namespace wenyuan::app
