#include "auth/policy/evaluator.h"

#include <gtest/gtest.h>

#include "auth/policy/parser.h"

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

// "true", "false", or why neither.
std::string outcome(const std::string& condition, const Label* resource) {
  const auto rule = parse("allow if " + condition);
  if (!rule) return "not parsed: " + rule.error().message;
  const Principal user = ann();
  const Evaluation evaluation = evaluate(*rule, user, resource);
  switch (evaluation.verdict) {
    case Verdict::holds: return "true";
    case Verdict::does_not_hold: return "false";
    case Verdict::needs_resource: return "needs resource";
    case Verdict::failed: return explain(evaluation);
  }
  return "";
}

std::string outcome(const std::string& condition) {
  const Label label = handbook();
  return outcome(condition, &label);
}

TEST(Evaluator, FollowsTheTruthTables) {
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

TEST(Evaluator, StopsAtTheOperandThatSettlesIt) {
  const std::string broken = "user.missing == 1";
  const std::string why = "the user has no attribute missing";
  EXPECT_EQ(outcome("false and " + broken), "false");
  EXPECT_EQ(outcome("true or " + broken), "true");
  EXPECT_EQ(outcome("true and " + broken), "line 1, column 19: " + why);
  EXPECT_EQ(outcome("false or " + broken), "line 1, column 19: " + why);
  EXPECT_EQ(outcome(broken + " and false"), "line 1, column 10: " + why);
  EXPECT_EQ(outcome(broken + " or true"), "line 1, column 10: " + why);
  EXPECT_EQ(outcome("not (" + broken + ")"), "line 1, column 15: " + why);
}

TEST(Evaluator, OrdersNumbersAndLevels) {
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

TEST(Evaluator, RefusesToCompareWhatHasNoOrder) {
  const std::string no_order =
      "line 1, column 10: only whole numbers and the levels public, internal, confidential and "
      "secret have an order";
  EXPECT_EQ(outcome("user.department < resource.department"), no_order);
  EXPECT_EQ(outcome("user.active < true"), no_order);
  EXPECT_EQ(outcome("user.projects < user.roles"), no_order);
}

TEST(Evaluator, RefusesToMixTypes) {
  const std::string mixed = "line 1, column 10: the two sides are of different types";
  EXPECT_EQ(outcome("user.level == \"3\""), mixed);
  EXPECT_EQ(outcome("user.level != \"3\""), mixed);
  EXPECT_EQ(outcome("user.level >= user.clearance"), mixed);
  EXPECT_EQ(outcome("user.active == 1"), mixed);
  EXPECT_EQ(outcome("user.projects == \"apollo\""), mixed);
  EXPECT_EQ(outcome("user.projects == [1]"), mixed);
  EXPECT_EQ(outcome("3 in user.projects"), mixed);
  EXPECT_EQ(outcome("user.department in [1, 2]"), mixed);
  EXPECT_EQ(outcome("user.level and true"), "line 1, column 10: this is neither true nor false");
}

TEST(Evaluator, LooksIntoLists) {
  EXPECT_EQ(outcome("user.department in [\"it\", \"hr\"]"), "true");
  EXPECT_EQ(outcome("user.department in [\"it\"]"), "false");
  EXPECT_EQ(outcome("user.department in []"), "false");
  EXPECT_EQ(outcome("user.level in [1, 3]"), "true");
  EXPECT_EQ(outcome("user.level in []"), "false");
  EXPECT_EQ(outcome("user.level in user.none"), "false");
  EXPECT_EQ(outcome("\"apollo\" in user.projects"), "true");
  EXPECT_EQ(outcome("\"Apollo\" in user.projects"), "false");
  EXPECT_EQ(outcome("\"grp_b\" in user.groups"), "true");
  const std::string no_list =
      "line 1, column 10: 'in' needs a single value on its left and a list on its right";
  EXPECT_EQ(outcome("\"a\" in user.department"), no_list);
  EXPECT_EQ(outcome("user.projects in user.projects"), no_list);
}

TEST(Evaluator, ComparesListsAsSets) {
  EXPECT_EQ(outcome("user.projects == resource.projects"), "true");
  EXPECT_EQ(outcome("user.projects == [\"gemini\"]"), "false");
  EXPECT_EQ(outcome("user.none == []"), "true");
  EXPECT_EQ(outcome("[1, 2] == [2, 1, 1]"), "true");
  EXPECT_EQ(outcome("[1] != []"), "true");
}

TEST(Evaluator, KnowsWhoAndWhat) {
  EXPECT_EQ(outcome("user.id == \"usr_ann\""), "true");
  EXPECT_EQ(outcome("user.username == \"Ann\""), "true");
  EXPECT_EQ(outcome("resource.collection == \"col_hr\""), "true");
  EXPECT_EQ(outcome("resource.kind == \"organization\""), "true");
  EXPECT_EQ(outcome("user has department and not (user has shoe_size)"), "true");
  EXPECT_EQ(outcome("resource has sensitivity"), "true");
  EXPECT_EQ(outcome("resource has color"), "false");
  EXPECT_EQ(outcome("user has id and resource has collection"), "true");
  EXPECT_EQ(outcome("resource.color == \"red\""),
            "line 1, column 10: the resource has no attribute color");
}

TEST(Evaluator, LetsNoAttributeReplaceABuiltInName) {
  EXPECT_EQ(outcome("user.id == \"usr_root\""), "false");
  EXPECT_EQ(outcome("\"admin\" in user.roles"), "false");
  EXPECT_EQ(outcome("\"auditor\" in user.roles"), "true");
}

TEST(Evaluator, SettlesWithoutALabelWhatNeedsNone) {
  EXPECT_EQ(outcome("user.department == \"hr\"", nullptr), "true");
  EXPECT_EQ(outcome("user.department == \"it\" and resource.department == \"it\"", nullptr),
            "false");
  EXPECT_EQ(outcome("user.department == \"hr\" or resource.department == \"it\"", nullptr), "true");
  EXPECT_EQ(outcome("user.missing == resource.department", nullptr),
            "line 1, column 10: the user has no attribute missing");
  EXPECT_EQ(outcome("user.department == resource.department", nullptr), "needs resource");
  EXPECT_EQ(outcome("resource has department or true", nullptr), "needs resource");
}

}  // namespace
}  // namespace wenyuan::auth::policy
