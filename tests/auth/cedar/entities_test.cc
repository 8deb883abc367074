#include "auth/cedar/entities.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "auth/cedar/entities_json.h"
#include "tests/auth/cedar/random_cedar.h"

namespace wenyuan::auth::cedar {
namespace {

Entity entity(std::string id, std::vector<std::string> parents) {
  Entity made;
  made.uid = {"T", std::move(id)};
  for (std::string& parent : parents) made.parents.push_back({"T", std::move(parent)});
  return made;
}

std::string parse_message(std::string_view json) {
  const auto entities = parse_entities(json);
  return entities ? "parsed" : entities.error().message;
}

TEST(CedarEntities, KnowsAncestorsHoweverFar) {
  const auto entities =
      Entities::make({entity("a", {"b", "c"}), entity("b", {"d"}), entity("d", {"e"})});
  ASSERT_TRUE(entities);
  std::vector<EntityUid> found = entities->ancestors({"T", "a"});
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<EntityUid>{{"T", "b"}, {"T", "c"}, {"T", "d"}, {"T", "e"}}));
  EXPECT_TRUE(entities->is_in({"T", "a"}, {"T", "e"}));
  EXPECT_FALSE(entities->is_in({"T", "e"}, {"T", "a"}));
  EXPECT_TRUE(entities->is_under_outsider({"T", "a"}));
  EXPECT_EQ(entities->find({"T", "c"}), nullptr);
}

TEST(CedarEntities, RefusesACycle) {
  const auto loop = Entities::make({entity("a", {"b"}), entity("b", {"c"}), entity("c", {"a"})});
  ASSERT_FALSE(loop);
  EXPECT_NE(loop.error().message.find("is its own ancestor"), std::string::npos);
  EXPECT_FALSE(Entities::make({entity("a", {"a"})}));
}

TEST(CedarEntities, TakesTheSameEntityTwiceOnlyWhenItIsTheSame) {
  EXPECT_TRUE(Entities::make({entity("a", {"b", "c"}), entity("a", {"c", "b", "b"})}));
  const auto different = Entities::make({entity("a", {"b"}), entity("a", {})});
  ASSERT_FALSE(different);
  EXPECT_EQ(different.error().message, "T::\"a\" is there twice, with different contents");
}

TEST(CedarEntities, TakesAVeryDeepHierarchyUntilItIsTooLarge) {
  const auto chain = [](std::size_t count) {
    std::vector<Entity> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(entity(std::to_string(i), {std::to_string(i + 1)}));
    }
    return Entities::make(std::move(all));
  };
  const auto deep = chain(2'000);
  ASSERT_TRUE(deep);
  EXPECT_TRUE(deep->is_in({"T", "0"}, {"T", "2000"}));
  EXPECT_EQ(chain(10'000).error().code, ErrorCode::too_large);
}

TEST(CedarEntitiesJson, ReadsEveryKindOfValue) {
  const auto entities = parse_entities(R"([{
    "uid": {"__entity": {"type": "Ns::User", "id": "a"}},
    "attrs": {"b": true, "n": -9223372036854775808, "s": "文", "set": [1, [], "x", 1],
              "e": {"__entity": {"type": "User", "id": ""}}, "r": {"x": {"y": 1}},
              "d": {"__extn": {"fn": "decimal", "arg": "0.5"}},
              "t": {"__extn": {"fn": "offset", "args": [
                  {"__extn": {"fn": "datetime", "arg": "1970-01-01"}}, "1d"]}}},
    "tags": {"k": [1]},
    "parents": [{"type": "Group", "id": "g"}]
  }])");
  ASSERT_TRUE(entities) << entities.error().message;
  const Entity& user = entities->at(0);
  EXPECT_EQ(user.uid, (EntityUid{"Ns::User", "a"}));
  EXPECT_EQ(
      to_text(Value(user.attributes)),
      "{\"b\": true, \"d\": decimal(\"0.5\"), \"e\": User::\"\", \"n\": -9223372036854775808, "
      "\"r\": {\"x\": {\"y\": 1}}, \"s\": \"文\", \"set\": [1, \"x\", []], "
      "\"t\": datetime(\"1970-01-02T00:00:00.000Z\")}");
  EXPECT_EQ(to_text(Value(user.tags)), "{\"k\": [1]}");
  EXPECT_EQ(user.parents, (std::vector<EntityUid>{{"Group", "g"}}));
}

TEST(CedarEntitiesJson, ReadsShortFormsWhereAHintExplainsThem) {
  JsonHint hint, decimal, user, set;
  decimal.kind = JsonHint::Kind::extension;
  decimal.constructor = "decimal";
  user.kind = JsonHint::Kind::entity;
  set.kind = JsonHint::Kind::set;
  set.element = std::make_shared<const JsonHint>(user);
  hint.kind = JsonHint::Kind::record;
  hint.attributes = {{"a", decimal}, {"b", decimal}, {"c", decimal}, {"users", set}};
  constexpr std::string_view kJson = R"({
    "a": "0.8", "b": {"fn": "decimal", "arg": "0.9"},
    "c": {"__extn": {"fn": "decimal", "arg": "1.0"}},
    "users": [{"type": "User", "id": "a"}], "other": "0.8"})";
  const auto context = parse_context(kJson, &hint);
  ASSERT_TRUE(context) << context.error().message;
  EXPECT_EQ(to_text(Value(*context)),
            "{\"a\": decimal(\"0.8\"), \"b\": decimal(\"0.9\"), \"c\": decimal(\"1.0\"), "
            "\"other\": \"0.8\", \"users\": [User::\"a\"]}");
  EXPECT_EQ(to_text(*parse_context(kJson)->find("users")), "[{\"id\": \"a\", \"type\": \"User\"}]");
}

TEST(CedarEntitiesJson, SaysWhichEntityIsWrong) {
  EXPECT_EQ(parse_message("{}"), "entities are a list in JSON");
  EXPECT_EQ(parse_message("[{}]"),
            "entity 0: an entity was expected: an object with uid, attrs, parents");
  EXPECT_EQ(parse_message(R"([{"uid": {"type": "User", "id": "a"}, "attrs": {"x": null}}])"),
            "entity 0: User::\"a\": attrs: \"x\": null is not a value of Cedar");
  EXPECT_EQ(parse_message(R"([{"uid": {"type": "User", "id": "a"}, "attrs": {"x": 1.5}}])"),
            "entity 0: User::\"a\": attrs: \"x\": a number must be whole and fit into 64 bits");
  EXPECT_EQ(parse_message(
                R"([{"uid": {"type": "User", "id": "a"}, "attrs": {"x": 9223372036854775808}}])"),
            "entity 0: User::\"a\": attrs: \"x\": the number does not fit into 64 bits");
  EXPECT_EQ(parse_message(R"([{"uid": {"type": "is", "id": "a"}}])"),
            "entity 0: uid: \"is\" cannot be the name of an entity type");
  EXPECT_EQ(
      parse_message(R"([{"uid": {"type": "User", "id": "a"}, "parent": []}])"),
      "entity 0: User::\"a\": an entity has uid, attrs, parents and tags, but not \"parent\"");
  EXPECT_EQ(parse_message(R"([{"uid": {"type": "Action", "id": "a"},
                              "parents": [{"type": "Group", "id": "g"}]}])"),
            "entity 0: Action::\"a\": parents: an action is only in other actions, not in "
            "Group::\"g\"");
  EXPECT_EQ(parse_message(R"([{"uid": {"type": "User", "id": "a"},
                              "attrs": {"x": {"__extn": {"fn": "ip", "arg": "x"}}}}])"),
            "entity 0: User::\"a\": attrs: \"x\": ip(\"x\"): not of the form 10.0.0.0/8 or ::1, or "
            "out of range");
  EXPECT_NE(parse_message(R"([{"uid": {"type": "U", "id": "a"}, "attrs": {"x": 1, "x": 2}}])"),
            "parsed");
  EXPECT_NE(parse_message(std::string(100'000, '[')), "parsed");
}

TEST(CedarEntitiesJson, WritesWhatItReads) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    testing::RandomCedar random(seed);
    const std::vector<Entity> entities = random.entities();
    const auto again = parse_entities(to_json(entities));
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ(again->size(), entities.size());
    for (std::size_t i = 0; i < entities.size(); ++i) {
      ASSERT_EQ(again->at(i).uid, entities[i].uid);
      ASSERT_EQ(Value(again->at(i).attributes), Value(entities[i].attributes));
      ASSERT_EQ(Value(again->at(i).tags), Value(entities[i].tags));
      ASSERT_EQ(again->at(i).parents, entities[i].parents);
    }
  }
}

}  // namespace
}  // namespace wenyuan::auth::cedar
