#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "auth/policy_engine.h"
#include "base/file.h"
#include "tests/auth/auth_fixture.h"
#include "tests/paths.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CedarPolicies : public AuthTest {
 protected:
  const std::string ann_ = user("ann", {{"department", "hr"}, {"clearance", "confidential"}});
  const std::string bob_ = user("bob", {{"department", "it"}, {"clearance", "public"}});
  const std::string root_ = user("root", {}, {"admin", "auditor"});
  const std::string handbook_ =
      organization(bob_, {{"department", "hr"}, {"sensitivity", "internal"}});
  const std::string page_ = document(bob_, handbook_);
};

TEST_F(CedarPolicies, AreDecidedBesideGrants) {
  const std::string department = policy(R"(
    permit(principal, action == Action::"read", resource)
    when { principal has department && resource has department &&
           principal.department == resource.department };)");
  EXPECT_TRUE(may(ann_, Action::read, page_));
  EXPECT_FALSE(may(ann_, Action::write, page_));
  EXPECT_THAT(decision(ann_, Action::read, page_).reasons, ElementsAre(department));
  const std::string closed =
      policy("forbid(principal, action, resource in Collection::\"" + handbook_ + "\");");
  EXPECT_FALSE(may(ann_, Action::read, page_));
  EXPECT_FALSE(may(bob_, Action::manage, handbook_));
  EXPECT_THAT(decision(ann_, Action::read, page_).reasons, ElementsAre(closed));
  remove_policy(closed);
  policy("permit(principal in Role::\"auditor\", action in [Action::\"read\"], resource);");
  EXPECT_TRUE(may(root_, Action::read, page_));
}

TEST_F(CedarPolicies, AskForTheCircumstancesOfEachRequest) {
  policy(R"(permit(principal, action == Action::"read", resource)
            when { context has address && context.address.isInRange(ip("10.0.0.0/8")) &&
                   context.second_factor };)");
  Principal ann = who(ann_);
  EXPECT_TRUE(permit(ann, Action::read).labels().empty());
  ann.address = "10.1.2.3";
  EXPECT_TRUE(permit(ann, Action::read).labels().empty());
  ann.second_factor = true;
  EXPECT_FALSE(permit(ann, Action::read).labels().empty());
  ann.address = "192.168.1.1";
  EXPECT_TRUE(permit(ann, Action::read).labels().empty());
}

TEST_F(CedarPolicies, AreCheckedAgainstTheSchema) {
  Policy rule;
  rule.name = "rule";
  const auto refusal = [&](const std::string& text) {
    rule.text = text;
    const auto added =
        write([&](store::Transaction& tx) { return engine_.add_policy(tx, rule, now_); });
    return added ? std::string("stored") : added.error().message;
  };
  const std::string head = "permit(principal, action, resource) when { ";
  EXPECT_EQ(refusal(head + "principal.username == \"ann\" };"), "stored");
  EXPECT_THAT(refusal(head + "principal.color == 1 };"), HasSubstr("line 1, column "));
  EXPECT_THAT(refusal(head + "principal.department == \"hr\" };"), HasSubstr("department"));
  EXPECT_THAT(refusal(head + "principal.username == 3 };"), HasSubstr("line 1"));
  EXPECT_EQ(refusal("permit(principal == ?principal, action, resource);"), "stored")
      << "a template";
  EXPECT_THAT(refusal("permit(principal, action, resource == Document::\"doc_1\");"),
              HasSubstr("share it with a grant"));
  EXPECT_THAT(refusal("permit(principal, action, resource)"), HasSubstr("expected"));
}

TEST_F(CedarPolicies, OfTheSamplesCanBeStored) {
  int count = 0;
  const std::filesystem::path folder = project_dir() / "docs/sample-policies";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    policy(must(read_file(file.path(), 1 << 16)));
    ++count;
  }
  EXPECT_EQ(count, 6);
  EXPECT_FALSE(may(ann_, Action::write, page_));
  EXPECT_TRUE(may(ann_, Action::read, page_));
  EXPECT_FALSE(may(bob_, Action::write, page_)) << "the owner, but of another department";
}

TEST_F(CedarPolicies, CanBeAskedAboutEverybody) {
  policy("allow if user.department == resource.department");
  const auto who =
      must(read([&](store::Snapshot& s) { return engine_.who_can(s, Action::read, page_); }));
  ASSERT_EQ(who.size(), 2U);
  EXPECT_EQ(who[0].id, ann_);
  EXPECT_EQ(who[1].id, bob_);
  const Principal ann = this->who(ann_);
  const auto what =
      must(read([&](store::Snapshot& s) { return engine_.what_can(s, ann, Action::read); }));
  EXPECT_EQ(what.size(), 2U) << "the collection and the label of its documents";
  const auto changes = must(read([&](store::Snapshot& s) {
    return engine_.simulate(s, Action::read, {{.text = "deny if user.username == \"ann\""}});
  }));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].user_id, ann_);
  EXPECT_EQ(changes[0].lost.size(), 2U);
  EXPECT_TRUE(changes[0].gained.empty());
  EXPECT_TRUE(may(ann_, Action::read, page_)) << "nothing was changed";
}

}  // namespace
}  // namespace wenyuan::auth
