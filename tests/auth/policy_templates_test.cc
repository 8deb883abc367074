#include <gmock/gmock.h>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kReaders =
    R"(permit(principal in ?principal, action == Action::"read", resource in ?resource);)";

class Templates : public AuthTest {
 protected:
  Result<PolicyLink> try_link(const std::string& policy_id, cedar::SlotValues values) {
    PolicyLink wanted;
    wanted.policy_id = policy_id;
    wanted.values = std::move(values);
    return write([&](store::Transaction& tx) { return engine_.add_link(tx, wanted, now_); });
  }
  std::string link(const std::string& policy_id, cedar::SlotValues values) {
    return must(try_link(policy_id, std::move(values))).id;
  }
  Status unlink(const std::string& policy_id, const std::string& id) {
    return write([&](store::Transaction& tx) { return engine_.remove_link(tx, policy_id, id); });
  }
  Status replace(const std::string& id, const std::string& text) {
    return write([&](store::Transaction& tx) -> Status {
      Policy changed;
      changed.id = id;
      changed.name = "rule";
      changed.text = text;
      WY_RETURN_IF_ERROR(engine_.update_policy(tx, changed, now_));
      return Done{};
    });
  }
  std::vector<AccessChange> simulated(const std::vector<PolicyChange>& changes) {
    return must(
        read([&](store::Snapshot& s) { return engine_.simulate(s, Action::read, changes); }));
  }
  static cedar::SlotValues values(cedar::EntityUid principal, const std::string& collection) {
    return {std::move(principal), cedar::EntityUid{"Collection", collection}};
  }

  const std::string root_ = user("root");
  const std::string ann_ = user("ann");
  const std::string bob_ = user("bob");
  const std::string box_ = organization(root_);
  const std::string other_ = organization(root_);
};

TEST_F(Templates, DecideOnlyThroughTheirLinks) {
  const std::string readers = policy(kReaders);
  EXPECT_FALSE(may(ann_, Action::read, box_));
  const std::string id = link(readers, values({"User", ann_}, box_));
  EXPECT_TRUE(may(ann_, Action::read, box_));
  EXPECT_FALSE(may(ann_, Action::write, box_));
  EXPECT_FALSE(may(ann_, Action::read, other_));
  EXPECT_FALSE(may(bob_, Action::read, box_));
  EXPECT_THAT(decision(ann_, Action::read, box_).reasons, ElementsAre(readers + "/" + id));
  must(unlink(readers, id));
  EXPECT_FALSE(may(ann_, Action::read, box_));
}

TEST_F(Templates, AreLinkedToGroupsAndRolesToo) {
  const std::string readers = policy(kReaders);
  const std::string staff = group("staff", {bob_});
  const std::string auditor = user("auditor", {}, {"auditor"});
  link(readers, values({"Group", staff}, box_));
  link(readers, values({"Role", "auditor"}, other_));
  EXPECT_TRUE(may(bob_, Action::read, box_));
  EXPECT_FALSE(may(bob_, Action::read, other_));
  EXPECT_TRUE(may(auditor, Action::read, other_));
  const auto who =
      must(read([&](store::Snapshot& s) { return engine_.who_can(s, Action::read, other_); }));
  EXPECT_THAT(who, SizeIs(2));  // and its owner
}

TEST_F(Templates, RefuseLinksThatMeanNothing) {
  const std::string readers = policy(kReaders);
  const std::string diary = personal(bob_);
  const auto error = [&](cedar::SlotValues given) {
    const auto linked = try_link(readers, std::move(given));
    return linked ? std::string("linked") : linked.error().message;
  };
  EXPECT_THAT(error({cedar::EntityUid{"User", ann_}, {}}),
              HasSubstr("needs a value for ?resource"));
  EXPECT_THAT(error(values({"User", "usr_none"}, box_)), HasSubstr("there is no such user"));
  EXPECT_THAT(error(values({"Group", ann_}, box_)), HasSubstr("there is no such group"));
  EXPECT_THAT(error(values({"Role", "emperor"}, box_)), HasSubstr("there is no such role"));
  EXPECT_THAT(error(values({"Ghost", ann_}, box_)), HasSubstr("Ghost"));
  EXPECT_THAT(error(values({"User", ann_}, "col_none")), HasSubstr("there is no such collection"));
  EXPECT_THAT(error(values({"User", ann_}, diary)), HasSubstr("there is no such collection"));
  EXPECT_THAT(error({cedar::EntityUid{"User", ann_}, cedar::EntityUid{"Document", "x"}}),
              HasSubstr("Collection"));
  link(readers, values({"User", ann_}, box_));
  EXPECT_EQ(try_link(readers, values({"User", ann_}, box_)).error().code, ErrorCode::conflict);
  EXPECT_EQ(try_link("pol_none", values({"User", ann_}, box_)).error().code, ErrorCode::not_found);
  const std::string plain = policy("allow if true");
  EXPECT_THAT(try_link(plain, values({"User", ann_}, box_)).error().message,
              HasSubstr("nothing to link"));
}

TEST_F(Templates, AForbidIsLinkedAsWell) {
  policy("allow if true");
  const std::string barred = policy("forbid(principal == ?principal, action, resource);");
  EXPECT_TRUE(may(ann_, Action::read, box_));
  link(barred, {cedar::EntityUid{"User", ann_}, {}});
  EXPECT_FALSE(may(ann_, Action::read, box_));
  EXPECT_TRUE(may(bob_, Action::read, box_));
}

TEST_F(Templates, TakeTheirLinksAlongAndEndWithWhatTheyName) {
  const std::string readers = policy(kReaders);
  const std::string staff = group("staff", {ann_});
  link(readers, values({"Group", staff}, box_));
  link(readers, values({"User", bob_}, box_));
  must(write([&](store::Transaction& tx) {
    return remove_group(tx, staff, engine_.access_attributes());
  }));
  const auto links = [&] {
    return must(read([&](store::Snapshot& s) { return policy_links(s); }));
  };
  EXPECT_THAT(links(), SizeIs(1));
  EXPECT_EQ(must(write([&](store::Transaction& tx) { return engine_.remove_policy(tx, readers); })),
            1);
  EXPECT_THAT(links(), IsEmpty());
  EXPECT_FALSE(may(bob_, Action::read, box_));
}

TEST_F(Templates, ChangeWithAllOfTheirLinksOrNotAtAll) {
  const std::string readers = policy(kReaders);
  link(readers, values({"User", ann_}, box_));
  must(replace(readers, R"(permit(principal in ?principal, action, resource in ?resource)
    when { !context.second_factor };)"));
  EXPECT_TRUE(may(ann_, Action::write, box_));
  for (const char* text : {"permit(principal in ?principal, action, resource);", "allow if true"}) {
    const Status changed = replace(readers, text);
    ASSERT_FALSE(changed) << text;
    EXPECT_EQ(changed.error().code, ErrorCode::conflict) << text;
  }
  EXPECT_TRUE(may(ann_, Action::write, box_));
}

TEST_F(Templates, AreSimulatedWithTheirLinks) {
  const std::string readers = policy(kReaders);
  const std::string id = link(readers, values({"User", ann_}, box_));
  using Kind = PolicyChange::Kind;
  const auto gained =
      simulated({{.kind = Kind::link, .id = readers, .values = values({"User", bob_}, other_)}});
  ASSERT_THAT(gained, SizeIs(1));
  EXPECT_EQ(gained[0].user_id, bob_);
  EXPECT_THAT(gained[0].gained, SizeIs(1));
  for (const PolicyChange& change :
       {PolicyChange{.kind = Kind::unlink, .id = readers, .link_id = id},
        PolicyChange{.kind = Kind::remove, .id = readers},
        PolicyChange{.kind = Kind::replace,
        .id = readers,
        .text = "permit(principal == ?principal, action, resource == ?resource) "
                "when { principal.username == \"x\" };"}}) {
    const auto lost = simulated({change});
    ASSERT_THAT(lost, SizeIs(1));
    EXPECT_EQ(lost[0].user_id, ann_);
  }
  EXPECT_THAT(simulated({{.kind = Kind::add, .text = kReaders}}), IsEmpty());
  EXPECT_TRUE(may(ann_, Action::read, box_));
}

TEST_F(Templates, ThatCannotBeReadAnyMoreCloseWhatTheirLinksForbid) {
  policy("allow if true");
  const std::string barred = policy(
      "forbid(principal == ?principal, action, resource) "
      "when { resource has department && resource.department == \"hr\" };");
  EXPECT_TRUE(may(ann_, Action::read, box_));
  cedar::SchemaAttributes changed;
  changed.resource.push_back({.name = "department", .kind = cedar::AttributeKind::texts});
  PolicyEngine later(must(AttributeKinds::declared(changed)));
  const auto may_later = [&] {
    const Principal ann = who(ann_);
    return must(read([&](store::Snapshot& s) { return later.check(s, ann, Action::read, box_); }));
  };
  EXPECT_TRUE(may_later().allowed);
  const std::string id = link(barred, {cedar::EntityUid{"User", bob_}, {}});
  EXPECT_TRUE(may(ann_, Action::read, box_));
  const Decision closed = may_later();
  EXPECT_FALSE(closed.allowed);
  EXPECT_THAT(closed.reasons, ElementsAre(barred + "/" + id));
  EXPECT_THAT(closed.errors, Each(HasSubstr("can never be equal")));
}

}  // namespace
}  // namespace wenyuan::auth
