#include "auth/cedar/schema_conformance.h"

#include <gtest/gtest.h>

#include <string>

#include "auth/cedar/parser.h"
#include "auth/cedar/schema_reading.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::string_view kSchema = R"(
  entity Group in [Group];
  entity Color enum ["red", "green"];
  entity User in [Group] = {
    name: String,
    address?: ipaddr,
    boss?: User,
    favourite?: Color,
    score: { points: decimal, since?: datetime },
    can?: Set<Action>,
  } tags Set<Long>;
  action all;
  action some in all;
  action view in some appliesTo {
    principal: User, resource: [Group, Color], context: { from: ipaddr, took?: duration }
  };
)";

const Schema& schema() {
  static const Schema made = *Schema::parse(kSchema);
  return made;
}

// One entity with what comes after its uid.
std::string entity_problem(const std::string& members,
                           const std::string& uid = "User\", \"id\": \"a") {
  const std::string json = "[{\"uid\": {\"type\": \"" + uid + "\"}, " + members + "}]";
  const auto entities = read_entities(json, schema());
  return entities ? "" : entities.error().message;
}

const std::string kGood = R"("name": "A", "score": {"points": "1.5"})";

std::string attribute_problem(const std::string& attributes) {
  return entity_problem("\"parents\": [], \"attrs\": {" + attributes + "}");
}

TEST(SchemaConformance, ReadsShortFormsWhereTheSchemaExpectsThem) {
  const auto entities = read_entities(R"([{
    "uid": {"type": "User", "id": "a"},
    "parents": [{"type": "Group", "id": "g"}],
    "tags": {"t": [1, 2]},
    "attrs": {
      "name": "10.0.0.1",
      "address": "10.0.0.1",
      "boss": {"type": "User", "id": "b"},
      "favourite": {"__entity": {"type": "Color", "id": "red"}},
      "score": {"points": {"__extn": {"fn": "decimal", "arg": "1.5"}}, "since": "2026-01-01"},
      "can": [{"type": "Action", "id": "view"}]
    }
  }])",
                                      schema());
  ASSERT_TRUE(entities) << entities.error().message;
  const Record& attributes = entities->front().attributes;
  EXPECT_NE(attributes.find("name")->as_string(), nullptr);
  EXPECT_NE(attributes.find("address")->as_ip_address(), nullptr);
  EXPECT_EQ(*attributes.find("boss")->as_entity(), (EntityUid{"User", "b"}));
  EXPECT_NE(attributes.find("score")->as_record()->find("points")->as_decimal(), nullptr);
  EXPECT_NE(attributes.find("score")->as_record()->find("since")->as_datetime(), nullptr);
  // The actions of the schema come with them.
  const auto store = Entities::make(*entities);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE(store->is_in({"Action", "view"}, {"Action", "all"}));
}

TEST(SchemaConformance, AcceptsWhatTheSchemaSays) { EXPECT_EQ(attribute_problem(kGood), ""); }

TEST(SchemaConformance, NamesTheAttributeThatIsWrong) {
  EXPECT_EQ(attribute_problem("\"name\": \"A\""),
            "User::\"a\": the attribute \"score\" is missing");
  EXPECT_EQ(attribute_problem(kGood + ", \"odd\": 1"),
            "User::\"a\": the attribute \"odd\" is not in the schema");
  EXPECT_EQ(attribute_problem("\"name\": 1, \"score\": {\"points\": \"1.5\"}"),
            "User::\"a\": \"name\": expected String, found long");
  EXPECT_EQ(attribute_problem("\"name\": \"A\", \"score\": {\"points\": 1}"),
            "User::\"a\": \"score\": \"points\": expected decimal, found long");
  EXPECT_EQ(attribute_problem("\"name\": \"A\", \"score\": {}"),
            "User::\"a\": \"score\": the attribute \"points\" is missing");
  EXPECT_EQ(attribute_problem(kGood + R"(, "boss": {"type": "Group", "id": "x"})"),
            "User::\"a\": \"boss\": expected User, found Group");
  EXPECT_EQ(attribute_problem(kGood + R"(, "favourite": {"type": "Color", "id": "blue"})"),
            "User::\"a\": \"favourite\": Color::\"blue\" is not one of the entities that the "
            "schema lists for its type");
  EXPECT_EQ(attribute_problem(kGood + R"(, "can": [{"type": "Action", "id": "fly"}])"),
            "User::\"a\": \"can\": the action Action::\"fly\" is not in the schema");
}

TEST(SchemaConformance, ChecksParentsTagsAndTypes) {
  const std::string attributes = "\"attrs\": {" + kGood + "}, ";
  EXPECT_EQ(entity_problem(attributes + R"("parents": [{"type": "User", "id": "b"}])"),
            "User::\"a\": the schema does not let it be in User::\"b\"");
  EXPECT_EQ(entity_problem(attributes + R"("parents": [], "tags": {"t": 1})"),
            "User::\"a\": tag \"t\": expected Set<Long>, found long");
  EXPECT_EQ(
      entity_problem(R"("attrs": {}, "parents": [], "tags": {"t": 1})", "Group\", \"id\": \"g"),
      "Group::\"g\": the schema gives its type no tags");
  EXPECT_EQ(entity_problem(R"("attrs": {}, "parents": [])", "Nobody\", \"id\": \"n"),
            "Nobody::\"n\": the entity type Nobody is not in the schema");
  EXPECT_EQ(entity_problem(R"("attrs": {}, "parents": [])", "Color\", \"id\": \"blue"),
            "Color::\"blue\": Color::\"blue\" is not one of the entities that the schema lists for "
            "its type");
  EXPECT_EQ(entity_problem(R"("attrs": {}, "parents": [])", "Color\", \"id\": \"red"), "");
}

TEST(SchemaConformance, WantsActionsAsTheSchemaHasThem) {
  const std::string view = "Action\", \"id\": \"view";
  const std::string both =
      R"("attrs": {}, "parents": [{"type": "Action", "id": "some"}, {"type": "Action", "id": "all"}])";
  EXPECT_EQ(entity_problem(both, view), "");
  EXPECT_EQ(entity_problem(R"("attrs": {}, "parents": [{"type": "Action", "id": "some"}])", view),
            "Action::\"view\": this action has other parents in the schema");
  EXPECT_TRUE(read_entities(R"([
    {"uid": {"type": "Action", "id": "view"}, "attrs": {},
     "parents": [{"type": "Action", "id": "some"}]},
    {"uid": {"type": "Action", "id": "some"}, "attrs": {},
     "parents": [{"type": "Action", "id": "all"}]}])",
                            schema()));
  EXPECT_EQ(entity_problem(R"("attrs": {}, "parents": [])", view),
            "Action::\"view\": this action has other parents in the schema");
  EXPECT_EQ(
      entity_problem(R"("attrs": {"a": 1}, "parents": [{"type": "Action", "id": "some"}])", view),
      "Action::\"view\": actions have no attributes and no tags");
  EXPECT_EQ(entity_problem(R"("attrs": {}, "parents": [])", "Action\", \"id\": \"fly"),
            "Action::\"fly\": this action is not in the schema");
}

TEST(SchemaConformance, ChecksRequests) {
  const auto context = read_context(R"({"from": "10.0.0.1"})", {"Action", "view"}, schema());
  ASSERT_TRUE(context) << context.error().message;
  Request request{{"User", "a"}, {"Action", "view"}, {"Group", "g"}, *context};
  EXPECT_TRUE(check_request(request, schema()));
  const auto problem = [&] { return check_request(request, schema()).error().message; };
  request.resource = {"Color", "blue"};
  EXPECT_EQ(problem(),
            "Color::\"blue\" is not one of the entities that the schema lists for its type");
  request.resource = {"Folder", "f"};
  EXPECT_EQ(problem(), "the resource has the type Folder, which is not in the schema");
  request.resource = {"User", "u"};
  EXPECT_EQ(problem(), "Action::\"view\" does not apply to a resource of the type User");
  request.resource = {"Group", "g"};
  request.principal = {"Group", "g"};
  EXPECT_EQ(problem(), "Action::\"view\" does not apply to a principal of the type Group");
  request.principal = {"User", "a"};
  request.action = {"Action", "fly"};
  EXPECT_EQ(problem(), "the action Action::\"fly\" is not in the schema");
  request.action = {"Action", "view"};
  request.context = Record();
  EXPECT_EQ(problem(), "context of Action::\"view\": the attribute \"from\" is missing");
}

TEST(SchemaConformance, WantsTheContextOfTheAction) {
  const auto problem = [](std::string_view json) {
    const auto context = read_context(json, {"Action", "view"}, schema());
    return context ? "" : context.error().message;
  };
  EXPECT_EQ(problem(R"({"from": "10.0.0.1", "took": "1h"})"), "");
  EXPECT_EQ(problem(R"({"from": "10.0.0.1", "more": 1})"),
            "context of Action::\"view\": the attribute \"more\" is not in the schema");
  EXPECT_EQ(problem(R"({"from": true})"),
            "context of Action::\"view\": \"from\": expected ipaddr, found bool");
  EXPECT_FALSE(read_context("{}", {"Action", "fly"}, schema()));
}

}  // namespace
}  // namespace wenyuan::auth::cedar
