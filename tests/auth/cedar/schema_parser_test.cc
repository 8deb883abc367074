#include <gtest/gtest.h>

#include <string>

#include "auth/cedar/schema.h"

namespace wenyuan::auth::cedar {
namespace {

std::string problem(std::string_view text) {
  const auto schema = Schema::parse(text);
  return schema ? "" : schema.error().message;
}

TEST(SchemaParser, ReadsEveryKindOfDeclaration) {
  const auto schema = Schema::parse(R"(
    // A comment.
    @doc("the company")
    namespace Company {
      @doc("who asks")
      entity User, Bot in [Team, Group] = {
        name: String,
        @doc("since when") since?: datetime,
        "odd name": Set<Long>,
        address: { street: String, number?: Long, },
        boss?: User,
      } tags Set<String>;
      entity Team in Group;
      entity Group;
      entity Color enum ["red", "gr\u{FC}n"];
      entity Document { size: Long, owner: Company::User, ratio: decimal, from: ipaddr };
      type Circumstances = { at: datetime, took: duration, mfa: __cedar::Bool };
      action read, "read all", list in [all, Company::Action::"admin"] appliesTo {
        principal: [User, Bot],
        resource: Document,
        context: Circumstances,
      };
      action all, admin;
      action write in all appliesTo { principal: User, resource: [Document], context: {} }
        attributes {};
    })");
  ASSERT_TRUE(schema) << schema.error().message;

  const EntityTypeSchema* user = schema->entity_type("Company::User");
  ASSERT_NE(user, nullptr);
  EXPECT_EQ(describe(*user->shape),
            "{address: {number?: Long, street: String}, boss?: Company::User, name: String, "
            "odd name: Set<Long>, since?: datetime}");
  EXPECT_EQ(describe(*user->tags), "Set<String>");
  EXPECT_EQ(user->ancestors, (std::vector<std::string>{"Company::Group", "Company::Team"}));
  EXPECT_TRUE(schema->entity_type("Company::Bot")->may_be_in("Company::Group"));
  EXPECT_EQ(schema->entity_type("Company::Group")->descendants,
            (std::vector<std::string>{"Company::Bot", "Company::Team", "Company::User"}));
  EXPECT_TRUE(schema->entity_type("Company::Color")->has_choice("grün"));
  EXPECT_EQ(describe(*schema->entity_type("Company::Document")->shape),
            "{from: ipaddr, owner: Company::User, ratio: decimal, size: Long}");

  const ActionSchema* read_all = schema->action({"Company::Action", "read all"});
  ASSERT_NE(read_all, nullptr);
  EXPECT_EQ(read_all->principals, (std::vector<std::string>{"Company::Bot", "Company::User"}));
  EXPECT_EQ(describe(*read_all->context), "{at: datetime, mfa: Bool, took: duration}");
  EXPECT_TRUE(read_all->is_in({"Company::Action", "all"}));
  EXPECT_EQ(schema->action({"Company::Action", "all"})->descendants.size(), 4u);
  EXPECT_TRUE(schema->action({"Company::Action", "admin"})->principals.empty());
}

TEST(SchemaParser, LetsWordsOfTheSyntaxBeNames) {
  const auto schema = Schema::parse(R"(
    entity entity, action, type, namespace, Set, principal, tags, enum, appliesTo = {
      entity: Set, context: Set<Set>, tags: entity,
    };
    action context, resource appliesTo { principal: entity, resource: Set };
  )");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ(describe(*schema->entity_type("enum")->shape),
            "{context: Set<Set>, entity: Set, tags: entity}");
}

TEST(SchemaParser, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(problem("entity User {\n  name String\n};"),
            "line 2, column 8: expected `:`, found `String`");
  EXPECT_EQ(problem("entity User"),
            "line 1, column 12: expected `;` at the end of the entity type, found the end");
  EXPECT_EQ(problem("entity 文;"), "line 1, column 8: unexpected \"文\"");
  EXPECT_EQ(problem("entitty User;"),
            "line 1, column 1: expected `entity`, `action`, `type` or `namespace`, found "
            "`entitty`");
  EXPECT_EQ(problem("entity A in [B,];"),
            "line 1, column 16: expected the name of a type, found `]`");
  EXPECT_EQ(problem("entity A enum [];"), "line 1, column 16: expected a string, found `]`");
  EXPECT_EQ(problem("entity A = Long;"),
            "line 1, column 12: expected `{` and the attributes, found `Long`");
  EXPECT_EQ(problem("type T = 5;"), "line 1, column 10: unexpected \"5\"");
  EXPECT_EQ(problem("type T = \"x\";"),
            "line 1, column 10: expected a type: a name, `Set<…>` or `{…}`, found the string "
            "\"x\"");
  EXPECT_EQ(problem("entity if;"), "line 1, column 8: `if` is reserved and cannot be a name");
  EXPECT_EQ(problem("entity __cedar;"),
            "line 1, column 8: `__cedar` is reserved and cannot be a name");
  EXPECT_EQ(problem("namespace __cedar::X {}"),
            "line 1, column 11: `__cedar` is reserved and cannot be a namespace");
  EXPECT_EQ(problem("entity A { \"x\\q\": Long };").substr(0, 19), "line 1, column 12: ");
  EXPECT_EQ(problem("entity A { \"x: Long };"),
            "line 1, column 12: this string has no closing quotation mark");
  EXPECT_EQ(problem("@a @b(\"1\") @a entity A;"),
            "line 1, column 13: the annotation @a stands here twice");
  EXPECT_EQ(problem("entity A; entity \xFF;"), "the schema is not valid UTF-8");
}

TEST(SchemaParser, AsksOfAnActionBothAPrincipalAndAResource) {
  const std::string start = "entity A;\naction go appliesTo ";
  EXPECT_EQ(problem(start + "{};"),
            "line 2, column 22: expected `principal`, `resource` or `context`, found `}`");
  EXPECT_EQ(problem(start + "{ principal: A };"),
            "line 2, column 8: `appliesTo` needs the types of the resource");
  EXPECT_EQ(problem(start + "{ resource: A, context: {} };"),
            "line 2, column 8: `appliesTo` needs the types of the principal");
  EXPECT_EQ(problem(start + "{ principal: A, resource: A, principal: A };"),
            "line 2, column 50: `principal` stands here twice");
  EXPECT_EQ(problem(start + "{ principal: A, resource: [] };").substr(0, 36),
            "line 2, column 37: `resource: []` le");
  EXPECT_EQ(problem(start + "{ principal: A, resource: A } attributes { a: 1 };"),
            "line 2, column 67: unexpected \"1\"");
  EXPECT_EQ(problem(start + "{ principal: A, resource: A } attributes { a };"),
            "line 2, column 64: expected `}`: actions have no attributes, found `a`");
}

TEST(SchemaParser, RefusesWhatIsTooDeepOrTooLarge) {
  std::string deep = "type T = ";
  for (int i = 0; i < 60; ++i) deep.append("Set<");
  deep.append("Long").append(60, '>').append(";");
  EXPECT_NE(problem(deep).find("types may be at most 48 deep"), std::string::npos);

  EXPECT_EQ(Schema::parse(std::string((1 << 20) + 1, ' ')).error().code, ErrorCode::too_large);

  std::string many;
  for (int i = 0; i < 20'001; ++i) many.append("entity E").append(std::to_string(i)).append(";");
  EXPECT_EQ(Schema::parse(many).error().code, ErrorCode::too_large);
}

TEST(SchemaParser, RefusesATypeThatDoublesWithEveryStep) {
  std::string doubling = "type T0 = { a: Long, b: Long };\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "T" + std::to_string(i - 1);
    doubling.append("type T").append(std::to_string(i)).append(" = { a: ").append(before);
    doubling.append(", b: ").append(before).append(" };\n");
  }
  EXPECT_NE(problem(doubling).find("this type is too large"), std::string::npos);
}

TEST(SchemaParser, RefusesAWebOfTypesThatIsTooLargeToCloseUp) {
  std::string web;
  for (int i = 0; i < 3000; ++i) {
    web.append("entity E").append(std::to_string(i)).append(" in [");
    for (int j = 1; j <= 20; ++j) {
      web.append(j == 1 ? "E" : ", E").append(std::to_string((i + j * 31) % 3000));
    }
    web.append("];\n");
  }
  EXPECT_EQ(Schema::parse(web).error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
