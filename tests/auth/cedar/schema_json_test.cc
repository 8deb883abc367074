#include <gtest/gtest.h>

#include <string>

#include "auth/cedar/schema.h"

namespace wenyuan::auth::cedar {
namespace {

std::string problem(std::string_view json) {
  const auto schema = Schema::parse_json(json);
  return schema ? "" : schema.error().message;
}

// A schema with one entity type, whose description is given.
std::string of_entity(std::string_view description) {
  std::string json = R"({"": {"actions": {}, "entityTypes": {"A": )";
  return problem(json.append(description).append("}}}"));
}

TEST(SchemaJson, ReadsTheSameSchemaAsTheText) {
  const auto schema = Schema::parse_json(R"({
    "Company": {
      "annotations": {"doc": "the company", "bare": null},
      "commonTypes": {
        "Circumstances": {
          "annotations": {"doc": "x"},
          "type": "Record",
          "attributes": {
            "at": {"type": "Extension", "name": "datetime"},
            "mfa": {"type": "Boolean", "required": false, "annotations": {"why": "y"}}
          }
        }
      },
      "entityTypes": {
        "Group": {},
        "User": {
          "memberOfTypes": ["Group"],
          "shape": {
            "type": "Record",
            "additionalAttributes": false,
            "attributes": {
              "name": {"type": "String"},
              "boss": {"type": "Entity", "name": "User", "required": false},
              "friends": {"type": "Set", "element": {"type": "EntityOrCommon", "name": "User"}},
              "address": {"type": "ipaddr"},
              "last": {"type": "Circumstances"},
              "rank": {"type": "__cedar::Long"}
            }
          },
          "tags": {"type": "Long"}
        },
        "Color": {"enum": ["red", "green"]}
      },
      "actions": {
        "all": {},
        "read": {
          "memberOf": [{"id": "all"}, {"id": "top", "type": "Other::Action"}],
          "appliesTo": {
            "principalTypes": ["User"],
            "resourceTypes": ["Company::Group"],
            "context": {"type": "Circumstances"}
          }
        }
      }
    },
    "Other": {"entityTypes": {}, "actions": {"top": {"appliesTo": null, "memberOf": null}}}
  })");
  ASSERT_TRUE(schema) << schema.error().message;
  const EntityTypeSchema* user = schema->entity_type("Company::User");
  ASSERT_NE(user, nullptr);
  EXPECT_EQ(describe(*user->shape),
            "{address: ipaddr, boss?: Company::User, friends: Set<Company::User>, last: {at: "
            "datetime, mfa?: Bool}, name: String, rank: Long}");
  EXPECT_EQ(describe(*user->tags), "Long");
  EXPECT_TRUE(user->may_be_in("Company::Group"));
  EXPECT_TRUE(schema->entity_type("Company::Color")->has_choice("green"));
  const ActionSchema* read = schema->action({"Company::Action", "read"});
  EXPECT_TRUE(read->is_in({"Other::Action", "top"}));
  EXPECT_TRUE(read->is_in({"Company::Action", "all"}));
  EXPECT_TRUE(read->applies_to_resource("Company::Group"));
  EXPECT_EQ(describe(*read->context), "{at: datetime, mfa?: Bool}");
}

TEST(SchemaJson, SaysWhereWithAPath) {
  EXPECT_EQ(of_entity(R"({"shape": {"type": "Record", "attributes": {"x": {"type": "Sett"}}}})"),
            "$.\"\".entityTypes.A.shape.attributes.x: `Sett` is not declared as a type (`type … = "
            "…`)");
  EXPECT_EQ(of_entity(R"({"shape": {"type": "Record"}})"),
            "$.\"\".entityTypes.A.shape: a Record needs the member \"attributes\"");
  EXPECT_EQ(of_entity(R"({"shape": {"type": "Set"}})"),
            "$.\"\".entityTypes.A.shape: a Set needs the member \"element\"");
  EXPECT_EQ(of_entity(R"({"shape": {"type": "Long"}})"),
            "$.\"\".entityTypes.A.shape: expected a record for the attributes of an entity, found "
            "Long");
  EXPECT_EQ(of_entity(R"({"shape": {"type": "String", "element": 1}})"),
            "$.\"\".entityTypes.A.shape: the member \"element\" does not belong to this type");
  EXPECT_EQ(of_entity(R"({"member": []})"),
            "$.\"\".entityTypes.A: unknown member \"member\"; known are memberOfTypes, shape, "
            "tags, enum, annotations");
  EXPECT_EQ(of_entity(R"({"memberOfTypes": ["A B"]})"),
            "$.\"\".entityTypes.A.memberOfTypes.0: expected a name such as User or Photos::User, "
            "found \"A B\"");
  EXPECT_EQ(of_entity(R"({"enum": []})"),
            "$.\"\".entityTypes.A.enum: expected a list with at least one string");
  EXPECT_EQ(of_entity(R"({"enum": ["a"], "tags": {"type": "Long"}})"),
            "$.\"\".entityTypes.A: an enumerated type has neither parents nor attributes nor tags");
  EXPECT_EQ(
      of_entity(R"({"tags": {"type": "Extension", "name": "uuid"}})"),
      "$.\"\".entityTypes.A.tags: unknown extension type; known are decimal, ipaddr, datetime "
      "and duration");
  EXPECT_EQ(
      of_entity(R"({"tags": {"type": "Record", "attributes": {}, "additionalAttributes": true}})"),
      "$.\"\".entityTypes.A.tags.additionalAttributes: open records are not supported");
  EXPECT_EQ(
      of_entity(R"({"tags": {"type": "Set", "element": {"type": "Long", "required": true}}})"),
      "$.\"\".entityTypes.A.tags.element: the member \"required\" does not belong to this "
      "type");
}

TEST(SchemaJson, RefusesNamesThatCannotBe) {
  EXPECT_EQ(problem(R"({"a b": {"entityTypes": {}, "actions": {}}})"),
            "$.a b: expected the name of a namespace, found \"a b\"");
  EXPECT_EQ(problem(R"({"": {"entityTypes": {"A::B": {}}, "actions": {}}})"),
            "$.\"\".entityTypes.A::B: expected a name of letters, digits and underscores that is "
            "not reserved, found \"A::B\"");
  EXPECT_EQ(problem(R"({"": {"entityTypes": {"if": {}}, "actions": {}}})").substr(0, 21),
            "$.\"\".entityTypes.if: ");
  EXPECT_EQ(problem(R"({"": {"entityTypes": {}, "actions": {}, "annotations": {"a": "b"}}})"),
            "$.\"\": the empty namespace has no annotations");
  EXPECT_EQ(problem(R"({"N": {"entityTypes": {}}})"),
            "$.N: expected the members \"entityTypes\" and \"actions\"");
  EXPECT_EQ(problem(R"({"": {"entityTypes": {}, "actions": {"a": {"attributes": {}}}}})"),
            "$.\"\".actions.a.attributes: actions have no attributes");
}

TEST(SchemaJson, RefusesWhatIsNotStrictJson) {
  EXPECT_EQ(problem(R"({"": {"entityTypes": {"A": {}, "A": {}}, "actions": {}}})"),
            "the name \"A\" stands twice in one object");
  EXPECT_EQ(problem("[]"), "$: expected an object of namespaces");
  EXPECT_TRUE(problem("{").starts_with("not JSON: parse error at line 1, column 2"));
  EXPECT_TRUE(problem("{\"\xFF\": 1}").starts_with("not JSON: "));
  const auto deep = Schema::parse_json(std::string(500, '['));
  EXPECT_FALSE(deep);
  const auto long_text = Schema::parse_json(std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(long_text.error().code, ErrorCode::too_large);
}

TEST(SchemaJson, RefusesTypesThatAreTooDeep) {
  std::string type = R"({"type": "Long"})";
  for (int i = 0; i < 60; ++i) type = R"({"type": "Set", "element": )" + type + "}";
  EXPECT_NE(of_entity(R"({"tags": )" + type + "}").find("types may be at most 48 deep"),
            std::string::npos);
  for (int i = 0; i < 200; ++i) type = R"({"type": "Set", "element": )" + type + "}";
  EXPECT_NE(of_entity(R"({"tags": )" + type + "}").find("JSON may be at most 192 levels deep"),
            std::string::npos);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
