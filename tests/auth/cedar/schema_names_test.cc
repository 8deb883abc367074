#include <gtest/gtest.h>

#include <string>

#include "auth/cedar/schema.h"

namespace wenyuan::auth::cedar {
namespace {

std::string problem(std::string_view text) {
  const auto schema = Schema::parse(text);
  return schema ? "" : schema.error().message;
}

std::string attribute(std::string_view text, std::string_view entity, std::string_view name) {
  const auto schema = Schema::parse(text);
  if (!schema) return schema.error().message;
  return describe(*schema->entity_type(entity)->shape->attributes.find(name)->second.type);
}

TEST(SchemaNames, LooksFirstInTheNamespaceAndThenInTheEmptyOne) {
  EXPECT_EQ(attribute("entity Other; namespace N { entity A { x: Other }; }", "N::A", "x"),
            "Other");
  EXPECT_EQ(attribute("namespace M { entity Other; } namespace N { entity A { x: M::Other }; }",
                      "N::A", "x"),
            "M::Other");
  EXPECT_EQ(problem("namespace N { entity A { x: Other }; }"),
            "line 1, column 29: neither `N::Other` nor `Other` is declared as a type or an entity "
            "type");
  EXPECT_EQ(problem("entity A { x: N::Other };"),
            "line 1, column 15: `N::Other` is not declared as a type or an entity type");
}

TEST(SchemaNames, PrefersACommonTypeToAnEntityTypeOfTheSameName) {
  EXPECT_EQ(attribute("entity T; type T = Long; entity A { x: T };", "A", "x"), "Long");
  // Only entity types may be parents.
  EXPECT_EQ(problem("entity T; type T = Long; entity A in T;"), "");
  EXPECT_EQ(problem("type T = Long; entity A in T;"),
            "line 1, column 28: `T` is not declared as an entity type");
}

TEST(SchemaNames, LetsAnEntityTypeHideATypeOfCedar) {
  EXPECT_EQ(attribute("entity Long; entity A { x: Long };", "A", "x"), "Long");
  EXPECT_EQ(attribute("entity ipaddr; entity A { x: ipaddr };", "A", "x"), "ipaddr");
  EXPECT_EQ(attribute("type decimal = Bool; entity A { x: decimal };", "A", "x"), "Bool");
  EXPECT_EQ(attribute("type decimal = Bool; entity A { x: __cedar::decimal };", "A", "x"),
            "decimal");
  const auto schema = Schema::parse("entity Long; entity A { x: Long, y: __cedar::Long };");
  ASSERT_TRUE(schema);
  const AttributeTypes& attributes = schema->entity_type("A")->shape->attributes;
  EXPECT_EQ(attributes.at("x").type->kind, TypeKind::entity);
  EXPECT_EQ(attributes.at("y").type->kind, TypeKind::integer);
}

TEST(SchemaNames, RefusesToHideANameOfTheEmptyNamespace) {
  EXPECT_EQ(problem("entity A; namespace N { entity A; }"),
            "line 1, column 8: `A` in the empty namespace is hidden by `N::A`; rename one of them");
  EXPECT_EQ(problem("type A = Long; namespace N { entity A; }"),
            "line 1, column 6: `A` in the empty namespace is hidden by `N::A`; rename one of them");
  EXPECT_EQ(problem("action go; namespace N { action go; }"),
            "line 1, column 8: the action Action::\"go\" in the empty namespace is hidden by "
            "N::Action::\"go\"; rename one of them");
  EXPECT_EQ(problem("namespace M { entity A; action go; } namespace N { entity A; action go; }"),
            "");
}

TEST(SchemaNames, RefusesWhatIsDeclaredTwice) {
  EXPECT_EQ(problem("entity A; entity B, A;"),
            "line 1, column 21: the entity type `A` is declared twice");
  EXPECT_EQ(problem("type A = Long; type A = Long;"),
            "line 1, column 21: the type `A` is declared twice");
  EXPECT_EQ(problem("action a, \"a\";"), "line 1, column 11: the action `a` is declared twice");
  EXPECT_EQ(problem("namespace N {} namespace N {}"),
            "line 1, column 26: the namespace `N` is declared twice");
  EXPECT_EQ(problem("entity A { x: Long, x: Bool };"),
            "line 1, column 24: the attribute `x` is declared twice");
  // The empty namespace may stand in pieces.
  EXPECT_EQ(problem("entity A; namespace N {} entity B in A;"), "");
}

TEST(SchemaNames, ReservesTheNamesOfCedarsTypes) {
  EXPECT_EQ(problem("type Set = Long;"),
            "line 1, column 6: `Set` is reserved for Cedar's own type");
  EXPECT_EQ(problem("type Boolean = Long;"),
            "line 1, column 6: `Boolean` is reserved for Cedar's own type");
  EXPECT_EQ(problem("namespace N { entity Action; }"),
            "line 1, column 22: `Action` is the type of actions and cannot be declared");
}

TEST(SchemaNames, FindsCyclesOfTypesAndOfActions) {
  EXPECT_EQ(problem("type A = { b: B }; type B = Set<A>;"),
            "line 1, column 6: the type `A` contains itself, by way of other types");
  EXPECT_EQ(problem("action a in b; action b in c; action c in a;"),
            "line 1, column 8: the action Action::\"a\" is in itself, by way of its parents");
  EXPECT_EQ(problem("action a in a;").substr(0, 19), "line 1, column 8: t");
  // Entities of a type may be in others of the same type.
  const auto schema = Schema::parse("entity Group in Group; entity A in B; entity B in A;");
  ASSERT_TRUE(schema);
  EXPECT_TRUE(schema->entity_type("Group")->may_be_in("Group"));
  EXPECT_TRUE(schema->entity_type("A")->may_be_in("A"));
}

TEST(SchemaNames, FollowsActionsToOtherNamespaces) {
  const auto schema = Schema::parse(
      "action top; namespace M { action mid in top; }"
      "namespace N { action low in [M::Action::\"mid\"]; action lower in low; }");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_TRUE(schema->action({"N::Action", "lower"})->is_in({"Action", "top"}));
  EXPECT_TRUE(schema->may_be_in("N::Action", "Action"));
  EXPECT_FALSE(schema->may_be_in("Action", "N::Action"));
  EXPECT_EQ(problem("namespace N { action a in b; }"),
            "line 1, column 27: neither `N::Action::\"b\"` nor `Action::\"b\"` is declared as an "
            "action");
}

TEST(SchemaNames, WantsRecordsWhereAttributesAre) {
  EXPECT_EQ(problem("type T = Long; entity A; action a appliesTo { principal: A, resource: A, "
                    "context: T };"),
            "line 1, column 83: expected a record for the context of an action, found Long");
  EXPECT_EQ(problem("entity A; action a appliesTo { principal: A, resource: A, context: A };"),
            "line 1, column 68: `A` is not declared as a type (`type … = …`)");
  EXPECT_EQ(problem("entity A; action a appliesTo { principal: Action, resource: A };"),
            "line 1, column 43: actions cannot stand here, only entity types");
}

}  // namespace
}  // namespace wenyuan::auth::cedar
