#include <gtest/gtest.h>

#include "auth/cedar/authorizer.h"
#include "auth/cedar/formatter.h"
#include "auth/cedar/schema_wenyuan.h"
#include "auth/decision_entities.h"
#include "auth/policy/parser.h"
#include "auth/policy/to_cedar.h"

namespace wenyuan::auth::policy {
namespace {

Principal ann() {
  Principal user;
  user.user_id = "usr_ann";
  user.username = "Ann";
  user.roles = {"auditor"};
  user.group_ids = {"grp_a", "grp_b"};
  user.scopes = {"*"};
  user.attributes = {{"department", "hr"},
                     {"clearance", "confidential"},
                     {"level", std::int64_t{3}},
                     {"active", true},
                     {"projects", std::vector<std::string>{"apollo", "gemini"}},
                     {"none", std::vector<std::string>{}},
                     {"id", "usr_root"},
                     {"roles", std::vector<std::string>{"admin"}}};
  return user;
}

Label handbook() {
  Label label;
  label.collection_id = "col_hr";
  label.collection_kind = CollectionKind::organization;
  label.owner_id = "usr_bob";
  label.attributes = {{"department", "hr"},
                      {"sensitivity", "internal"},
                      {"level", std::int64_t{2}},
                      {"projects", std::vector<std::string>{"gemini", "apollo", "apollo"}}};
  return label;
}

// "true", "false" or "failed".
std::string outcome(const std::string& condition) {
  const auto rule = parse("allow if " + condition);
  if (!rule) return "not parsed: " + rule.error().message;
  cedar::PolicySet policies;
  EXPECT_TRUE(policies.add(to_cedar(*rule, AttributeKinds::guessed({}))));
  const cedar::Entity user = entity_of(ann(), AttributeKinds::guessed({}));
  const cedar::Entity resource = entity_of(handbook(), AttributeKinds::guessed({}));
  const auto entities = cedar::Entities::make({user, resource});
  const cedar::Request request{user.uid, cedar::action_uid(Action::read), resource.uid, {}};
  const cedar::Response response = cedar::authorize(policies, request, *entities);
  if (!response.errors.empty()) return "failed";
  return response.decision == cedar::Decision::allow ? "true" : "false";
}

TEST(ShortForm, FollowsTheTruthTables) {
  for (const std::string a : {"true", "false"}) {
    EXPECT_EQ(outcome("not " + a), a == "true" ? "false" : "true");
    for (const std::string b : {"true", "false"}) {
      const bool both = a == "true" && b == "true";
      const bool either = a == "true" || b == "true";
      EXPECT_EQ(outcome(a + " and " + b), both ? "true" : "false");
      EXPECT_EQ(outcome(a + " or " + b), either ? "true" : "false");
      EXPECT_EQ(outcome("not (" + a + " and " + b + ")"), both ? "false" : "true");
    }
  }
}

TEST(ShortForm, StopsAtTheOperandThatSettlesIt) {
  const std::string broken = "user.missing == 1";

  EXPECT_EQ(outcome("false and " + broken), "false");
  EXPECT_EQ(outcome("true or " + broken), "true");
  EXPECT_EQ(outcome("true and " + broken), "failed");
  EXPECT_EQ(outcome("false or " + broken), "failed");
  EXPECT_EQ(outcome(broken + " and false"), "failed");
  EXPECT_EQ(outcome(broken + " or true"), "failed");
  EXPECT_EQ(outcome("not (" + broken + ")"), "failed");
}

TEST(ShortForm, OrdersNumbersAndLevels) {
  EXPECT_EQ(outcome("user.clearance >= resource.sensitivity"), "true");
  EXPECT_EQ(outcome("user.clearance < resource.sensitivity"), "false");
  const std::string levels[] = {"\"public\"", "\"internal\"", "\"confidential\"", "\"secret\""};
  const std::string numbers[] = {"-5", "0", "3", "9223372036854775807"};
  for (const auto* scale : {&levels, &numbers}) {
    for (std::size_t a = 0; a < 4; ++a) {
      for (std::size_t b = 0; b < 4; ++b) {
        const std::string left = (*scale)[a];
        const std::string right = (*scale)[b];
        EXPECT_EQ(outcome(left + " < " + right), a < b ? "true" : "false");
        EXPECT_EQ(outcome(left + " <= " + right), a <= b ? "true" : "false");
        EXPECT_EQ(outcome(left + " > " + right), a > b ? "true" : "false");
        EXPECT_EQ(outcome(left + " >= " + right), a >= b ? "true" : "false");
        EXPECT_EQ(outcome(left + " == " + right), a == b ? "true" : "false");
        EXPECT_EQ(outcome(left + " != " + right), a != b ? "true" : "false");
      }
    }
  }
}

TEST(ShortForm, RefusesToCompareWhatHasNoOrder) {
  EXPECT_EQ(outcome("user.department < resource.department"), "failed");
  EXPECT_EQ(outcome("user.active < true"), "failed");
  EXPECT_EQ(outcome("user.projects < user.roles"), "failed");
}

TEST(ShortForm, HoldsThingsOfDifferentTypesForDifferent) {
  EXPECT_EQ(outcome("user.level == \"3\""), "false");
  EXPECT_EQ(outcome("user.level != \"3\""), "true");
  EXPECT_EQ(outcome("user.level >= user.clearance"), "true");
  EXPECT_EQ(outcome("user.active == 1"), "false");
  EXPECT_EQ(outcome("user.projects == \"apollo\""), "false");
  EXPECT_EQ(outcome("user.projects == [1]"), "false");
  EXPECT_EQ(outcome("3 in user.projects"), "false");
  EXPECT_EQ(outcome("user.department in [1, 2]"), "false");
  EXPECT_EQ(outcome("user.level and true"), "failed");
}

TEST(ShortForm, LooksIntoLists) {
  EXPECT_EQ(outcome("user.department in [\"it\", \"hr\"]"), "true");
  EXPECT_EQ(outcome("user.department in [\"it\"]"), "false");
  EXPECT_EQ(outcome("user.department in []"), "false");
  EXPECT_EQ(outcome("user.level in [1, 3]"), "true");
  EXPECT_EQ(outcome("user.level in []"), "false");
  EXPECT_EQ(outcome("user.level in user.none"), "false");
  EXPECT_EQ(outcome("\"apollo\" in user.projects"), "true");
  EXPECT_EQ(outcome("\"Apollo\" in user.projects"), "false");
  EXPECT_EQ(outcome("\"grp_b\" in user.groups"), "true");

  EXPECT_EQ(outcome("\"a\" in user.department"), "failed");
  EXPECT_EQ(outcome("user.projects in user.projects"), "false");
}

TEST(ShortForm, ComparesListsAsSets) {
  EXPECT_EQ(outcome("user.projects == resource.projects"), "true");
  EXPECT_EQ(outcome("user.projects == [\"gemini\"]"), "false");
  EXPECT_EQ(outcome("user.none == []"), "true");
  EXPECT_EQ(outcome("[1, 2] == [2, 1, 1]"), "true");
  EXPECT_EQ(outcome("[1] != []"), "true");
}

TEST(ShortForm, KnowsWhoAndWhat) {
  EXPECT_EQ(outcome("user.id == \"usr_ann\""), "true");
  EXPECT_EQ(outcome("user.username == \"Ann\""), "true");
  EXPECT_EQ(outcome("resource.collection == \"col_hr\""), "true");
  EXPECT_EQ(outcome("resource.kind == \"organization\""), "true");
  EXPECT_EQ(outcome("user has department and not (user has shoe_size)"), "true");
  EXPECT_EQ(outcome("resource has sensitivity"), "true");
  EXPECT_EQ(outcome("resource has color"), "false");
  EXPECT_EQ(outcome("user has id and resource has collection"), "true");
  EXPECT_EQ(outcome("resource.color == \"red\""), "failed");
}

TEST(ShortForm, LetsNoAttributeReplaceABuiltInName) {
  EXPECT_EQ(outcome("user.id == \"usr_root\""), "false");
  EXPECT_EQ(outcome("\"admin\" in user.roles"), "false");
  EXPECT_EQ(outcome("\"auditor\" in user.roles"), "true");
}

TEST(ShortForm, BecomesCedarThatAPersonCanRead) {
  const auto rule =
      parse("deny write if user.clearance < \"secret\" or not (\"x\" in user.groups)");
  ASSERT_TRUE(rule);
  EXPECT_EQ(cedar::format(to_cedar(*rule, AttributeKinds::guessed({}))),
            "forbid (principal, action == Action::\"write\", resource)\n"
            "when { principal.clearance < 3 || !principal.groups.contains(\"x\") };\n");
}

}  // namespace
}  // namespace wenyuan::auth::policy
