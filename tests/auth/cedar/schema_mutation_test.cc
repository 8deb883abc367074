// Schemas that somebody has damaged: each is refused with a place, or is a schema that holds
// together.
#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "auth/cedar/parser.h"
#include "auth/cedar/schema.h"
#include "auth/cedar/validator.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::string_view kText = R"(
  @doc("x") namespace N {
    entity User, Robot in [Group, M::Team] = { name: String, "odd \u{E9}": Set<Long>, boss?: User,
      home: { city: String, at?: __cedar::datetime } } tags Set<T>;
    entity Group in [Group]; entity Color enum ["red", "green"];
    type T = { a: U, b?: decimal }; type U = Set<{ c: ipaddr }>;
    action "do it", view in [all, M::Action::"top"] appliesTo {
      principal: [User, Robot], resource: Group, context: T } attributes {};
    action all;
  }
  namespace M { entity Team; action top; }
)";

constexpr std::string_view kJson = R"({"N": {"annotations": {"doc": "x"},
  "commonTypes": {"T": {"type": "Record", "attributes": {"a": {"type": "U"},
    "b": {"type": "Extension", "name": "decimal", "required": false}}},
    "U": {"type": "Set", "element": {"type": "ipaddr"}}},
  "entityTypes": {"Group": {}, "Color": {"enum": ["red"]}, "User": {"memberOfTypes": ["Group"],
    "shape": {"type": "Record", "attributes": {"boss": {"type": "Entity", "name": "User"}}},
    "tags": {"type": "T"}}},
  "actions": {"all": {}, "view": {"memberOf": [{"id": "all"}], "appliesTo": {
    "principalTypes": ["User"], "resourceTypes": ["N::Group"], "context": {"type": "T"}}}}}})";

// Bytes are changed, removed, doubled and moved, words are put in.
std::string damaged(std::string text, std::mt19937& random) {
  const std::vector<std::string> words = {"entity ",   "}",           "{",         "[",  "Set<",
                                          "type A = ", "in ",         "\"x",       "::", "@a ",
                                          "enum",      "namespace ",  "\"type\":", "[]", "null",
                                          "1e9",       "\\u{110000}", "\xF0"};
  const auto below = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  for (std::size_t i = 1 + below(3); i > 0 && !text.empty(); --i) {
    const std::size_t at = below(text.size());
    const std::size_t size = std::min(text.size() - at, 1 + below(20));
    switch (below(5)) {
      case 0: text[at] = static_cast<char>(below(256)); break;
      case 1: text.erase(at, size); break;
      case 2: text.insert(at, std::string(text, below(text.size()), size)); break;
      case 3: text.insert(at, words[below(words.size())]); break;
      default: text.resize(at); break;
    }
  }
  return text;
}

void check(const Result<Schema>& schema, std::size_t& accepted) {
  if (!schema) {
    EXPECT_EQ(schema.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(schema.error().message.empty());
    return;
  }
  ++accepted;
  for (const auto& [name, type] : schema->entity_types()) {
    ASSERT_NE(type.shape, nullptr);
    EXPECT_EQ(type.shape->kind, TypeKind::record);
    for (const std::string& ancestor : type.ancestors) {
      ASSERT_NE(schema->entity_type(ancestor), nullptr);
    }
  }
  for (const auto& [uid, action] : schema->actions()) {
    ASSERT_NE(action.context, nullptr);
    for (const std::string& type : action.principals) {
      ASSERT_NE(schema->entity_type(type), nullptr);
    }
    for (const EntityUid& ancestor : action.ancestors) {
      ASSERT_NE(schema->action(ancestor), nullptr);
    }
  }
  static const auto policies = parse_policies(
      "permit(principal, action, resource) when { resource has a.b && resource.a.b == context.c };"
      "permit(principal is N::User, action, resource) when { principal.home.city == context.a };");
  static_cast<void>(validate(*policies, *schema));
}

TEST(SchemaMutation, DamagedTextIsRefusedOrHoldsTogether) {
  std::mt19937 random(7);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i)
    check(Schema::parse(damaged(std::string(kText), random)), accepted);
  std::cout << accepted << " of 20000 are schemas still\n";
  EXPECT_GT(accepted, 200u);
  EXPECT_LT(accepted, 19'000u);
}

TEST(SchemaMutation, DamagedJsonIsRefusedOrHoldsTogether) {
  std::mt19937 random(8);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    check(Schema::parse_json(damaged(std::string(kJson), random)), accepted);
  }
  std::cout << accepted << " of 20000 are schemas still\n";
  EXPECT_GT(accepted, 50u);
  EXPECT_LT(accepted, 19'000u);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
