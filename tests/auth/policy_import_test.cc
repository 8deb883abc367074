#include "auth/policy_import.h"

#include <gmock/gmock.h>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = PolicyStep::Kind;

class Import : public AuthTest {
 protected:
  std::vector<PolicyEntry> exported() {
    return must(read([&](store::Snapshot& s) { return engine_.export_policies(s); }));
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const PolicyEntry& entry : exported()) found.push_back(entry.name + "=" + entry.text);
    return found;
  }
  PolicyPlan plan(const PolicyImport& import) {
    problems_.clear();
    return must(
        read([&](store::Snapshot& s) { return engine_.plan_import(s, import, problems_); }));
  }
  std::vector<Kind> kinds(const PolicyImport& import) {
    std::vector<Kind> found;
    for (const PolicyStep& step : plan(import).steps) found.push_back(step.kind);
    return found;
  }
  void apply(const PolicyImport& import) {
    must(write([&](store::Transaction& tx) -> Status {
      std::vector<ImportProblem> problems;
      WY_TRY(const PolicyPlan made, engine_.plan_import(tx, import, problems));
      EXPECT_THAT(problems, IsEmpty());
      return engine_.apply_import(tx, made, now_);
    }));
  }
  Epoch epoch() {
    return must(read([](store::Snapshot& s) { return s.epoch(); }));
  }
  std::string add(const std::string& name, const std::string& text) {
    Policy wanted;
    wanted.name = name;
    wanted.text = text;
    return must(write([&](store::Transaction& tx) { return engine_.add_policy(tx, wanted, now_); }))
        .id;
  }

  std::vector<ImportProblem> problems_;
  const std::string root_ = user("root");
  const std::string ann_ = user("ann");
  const std::string box_ = organization(root_);
};

TEST_F(Import, AddsChangesAndLeavesOrRemovesTheRest) {
  add("a", "allow if true");
  const std::string b = add("b", "allow if user.username == \"b\"");
  add("c", "deny if false");
  const PolicyImport import{{{"a", "allow if true\n", ""},
                             {"b", "allow if user.username == \"x\"", "about b"},
                             {"d", "deny if true", ""}}};
  EXPECT_THAT(kinds(import), ElementsAre(Kind::keep, Kind::change, Kind::add, Kind::leave));
  PolicyImport pruning = import;
  pruning.prune = true;
  EXPECT_THAT(kinds(pruning), ElementsAre(Kind::keep, Kind::change, Kind::add, Kind::remove));
  const Epoch before = epoch();
  apply(pruning);
  EXPECT_EQ(epoch(), before + 1);
  EXPECT_THAT(names(), ElementsAre("a=allow if true", "b=allow if user.username == \"x\"",
                                   "d=deny if true"));
  const auto versions =
      must(read([&](store::Snapshot& s) { return engine_.policy_versions(s, b); }));
  EXPECT_THAT(versions, SizeIs(2));
  apply(pruning);
  EXPECT_EQ(epoch(), before + 1);
}

TEST_F(Import, OfAnExportChangesNothing) {
  add("same", "allow if false");
  add("same", "deny if false");
  const std::string readers = add("readers", "permit(principal == ?principal, action, resource);");
  PolicyLink link;
  link.policy_id = readers;
  link.values.principal = cedar::EntityUid{"User", ann_};
  must(write([&](store::Transaction& tx) { return engine_.add_link(tx, link, now_); }));
  const std::vector<PolicyEntry> all = exported();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_THAT(kinds({all, true}), ElementsAre(Kind::keep, Kind::keep, Kind::keep));
  must(write([&](store::Transaction& tx) { return engine_.remove_policy(tx, readers); }));
  EXPECT_FALSE(may(ann_, Action::read, box_));
  apply({all, true});
  EXPECT_TRUE(may(ann_, Action::read, box_));
  ASSERT_THAT(exported(), SizeIs(3));
  EXPECT_THAT(*exported()[0].links, SizeIs(1));
}

TEST_F(Import, TellsOfEveryPolicyThatIsWrongAndThenDoesNothing) {
  const cedar::SlotValues ann{cedar::EntityUid{"User", ann_}, {}};
  const cedar::SlotValues ghost{cedar::EntityUid{"User", "usr_none"}, {}};
  const std::string readers = "permit(principal == ?principal, action, resource);";
  plan({{{"a", "permit(\n  principal,\n  nonsense);", ""},
         {"b", "allow if true", ""},
         {"", "allow if true", ""},
         {"c", readers, "", {{ann, ghost, ann}}},
         {"d", "allow if user.x == resource.shoe", ""}}});
  std::vector<std::string> found;
  for (const ImportProblem& problem : problems_) {
    found.push_back(std::to_string(problem.at) + " " + problem.member + " " + problem.message);
  }
  EXPECT_THAT(found, ElementsAre(HasSubstr("line 3, column 3"), HasSubstr("2  name"),
                                 HasSubstr("3 links/1 principal: there is no such user"),
                                 HasSubstr("3 links/2 the same link"), HasSubstr("shoe")));
}

TEST_F(Import, LinksThatAreNotNamedStayAndMustFit) {
  const std::string readers = add("readers", "permit(principal == ?principal, action, resource);");
  PolicyLink link;
  link.policy_id = readers;
  link.values.principal = cedar::EntityUid{"User", ann_};
  must(write([&](store::Transaction& tx) { return engine_.add_link(tx, link, now_); }));
  EXPECT_THAT(kinds({{{"readers", "permit(principal in ?principal, action, resource);", ""}}}),
              ElementsAre(Kind::change));
  EXPECT_THAT(problems_, IsEmpty());
  plan({{{"readers", "allow if true", ""}}});
  ASSERT_THAT(problems_, SizeIs(1));
  EXPECT_THAT(problems_[0].message, HasSubstr("link"));
  apply({{{"readers", "allow if true", "", std::vector<cedar::SlotValues>{}}}});
  EXPECT_TRUE(may(root_, Action::read, box_));
}

TEST_F(Import, IsSimulatedAsItIsApplied) {
  add("gone", "allow if user.username == \"root\"");
  PolicyImport import{{{"new",
                        "permit(principal == ?principal, action, resource);",
                        "",
                        {{{cedar::EntityUid{"User", ann_}, {}}}}}},
                      true};
  const std::vector<PolicyChange> planned = changes_of(plan(import));
  const auto changes =
      must(read([&](store::Snapshot& s) { return engine_.simulate(s, Action::read, planned); }));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].user_id, ann_);
  EXPECT_FALSE(may(ann_, Action::read, box_));
  apply(import);
  EXPECT_TRUE(may(ann_, Action::read, box_));
}

}  // namespace
}  // namespace wenyuan::auth
