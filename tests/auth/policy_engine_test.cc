#include "auth/policy_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/metrics.h"
#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PolicyEngineTest : public AuthTest {
 protected:
  const std::string ann_ = user("ann", {{"department", "hr"}, {"clearance", "confidential"}});
  const std::string bob_ = user("bob", {{"department", "it"}, {"clearance", "public"}});
  const std::string root_ = user("root", {}, {"admin", "auditor", "data_scientist", "model_admin"});
  const std::string handbook_ =
      organization(bob_, {{"department", "hr"}, {"sensitivity", "internal"}, {"color", "red"}});
  const std::string page_ = document(bob_, handbook_);
};

TEST_F(PolicyEngineTest, DeniesByDefault) {
  for (const Action action : {Action::read, Action::write, Action::manage}) {
    EXPECT_TRUE(may(bob_, action, page_));
    EXPECT_TRUE(may(bob_, action, handbook_));
    EXPECT_FALSE(may(ann_, action, page_));
    EXPECT_FALSE(may(ann_, action, handbook_));
  }
  EXPECT_THAT(decision(bob_, Action::read, page_).reasons, ElementsAre("owner"));
  EXPECT_THAT(decision(ann_, Action::read, page_).reasons, IsEmpty());
  EXPECT_TRUE(permit(who(ann_), Action::read).labels().empty());
}

TEST_F(PolicyEngineTest, OpensNothingToARole) {
  for (const Action action : {Action::read, Action::write, Action::manage}) {
    EXPECT_FALSE(may(root_, action, page_));
    EXPECT_FALSE(may(root_, action, handbook_));
  }
  EXPECT_FALSE(sees(root_, handbook_));
}

TEST_F(PolicyEngineTest, OpensWhatAPolicyAllowsAndNoMore) {
  const std::string secret = document(bob_, handbook_, {{"sensitivity", "secret"}});
  const std::string rule = policy(
      "allow if user.department == resource.department and "
      "user.clearance >= resource.sensitivity");
  EXPECT_TRUE(may(ann_, Action::read, page_));
  EXPECT_FALSE(may(ann_, Action::write, page_));
  EXPECT_FALSE(may(ann_, Action::manage, page_));
  EXPECT_FALSE(may(ann_, Action::read, secret));
  EXPECT_FALSE(may(root_, Action::read, page_));
  EXPECT_TRUE(may(bob_, Action::read, secret));
  EXPECT_THAT(decision(ann_, Action::read, page_).reasons, ElementsAre(rule));
  remove_policy(rule);
  EXPECT_FALSE(may(ann_, Action::read, page_));
}

TEST_F(PolicyEngineTest, TreatsEachActionByItself) {
  policy("allow write if user.department == \"hr\"");
  EXPECT_FALSE(may(ann_, Action::read, page_));
  EXPECT_TRUE(may(ann_, Action::write, page_));
  EXPECT_TRUE(may(ann_, Action::write, handbook_));
  EXPECT_FALSE(may(ann_, Action::manage, handbook_));
  EXPECT_TRUE(sees(ann_, handbook_));
}

TEST_F(PolicyEngineTest, LetsADenyBeatEverything) {
  grant(ann_, GrantRole::owner, handbook_);
  grant(ann_, GrantRole::reader, page_);
  policy("allow if true");
  EXPECT_TRUE(may(ann_, Action::read, page_));
  const std::string rule = policy("deny if resource.sensitivity >= \"internal\"");
  for (const Action action : {Action::read, Action::write, Action::manage}) {
    EXPECT_FALSE(may(ann_, action, page_));
    EXPECT_FALSE(may(bob_, action, page_)) << "the owner too";
    EXPECT_FALSE(may(bob_, action, handbook_));
  }
  EXPECT_THAT(decision(bob_, Action::read, page_).reasons, ElementsAre(rule));
  remove_policy(rule);
  EXPECT_TRUE(may(bob_, Action::read, page_));
  policy("deny write if user.username == \"bob\"");
  EXPECT_TRUE(may(bob_, Action::read, page_));
  EXPECT_FALSE(may(bob_, Action::write, page_));
}

TEST_F(PolicyEngineTest, DeniesWhenADenyCannotBeDecided) {
  policy("allow if true");
  const std::string rule = policy("deny if user.suspended");
  EXPECT_FALSE(may(ann_, Action::read, page_));
  EXPECT_FALSE(may(bob_, Action::read, page_));
  EXPECT_THAT(decision(ann_, Action::read, page_).errors,
              ElementsAre(AllOf(HasSubstr(rule + ": line 1, column 9: "),
                                HasSubstr("no attribute \"suspended\""))));
  must(change(ann_, {.attributes = Attributes{{"suspended", false}}}));
  EXPECT_TRUE(may(ann_, Action::read, page_));
}

TEST_F(PolicyEngineTest, DoesNotAllowWhenAnAllowCannotBeDecided) {
  const std::string rule = policy("allow if user.badge == 3 or true");
  EXPECT_FALSE(may(ann_, Action::read, page_));
  EXPECT_THAT(decision(ann_, Action::read, page_).errors, ElementsAre(HasSubstr("badge")));
  EXPECT_THAT(decision(bob_, Action::read, page_).reasons, ElementsAre("owner"));
  policy("allow if user.department == \"hr\"");
  EXPECT_TRUE(may(ann_, Action::read, page_));
}

TEST_F(PolicyEngineTest, KeepsPoliciesAndRolesOutOfPersonalCollections) {
  const std::string diary = personal(ann_);
  const std::string entry = document(ann_, diary);
  policy("allow read if true");
  policy("allow write if true");
  policy("allow manage if true");
  for (const Action action : {Action::read, Action::write, Action::manage}) {
    EXPECT_TRUE(may(bob_, action, handbook_));
    for (const std::string& other : {bob_, root_}) {
      EXPECT_FALSE(may(other, action, diary));
      EXPECT_FALSE(may(other, action, entry));
    }
  }
  EXPECT_FALSE(sees(root_, diary));
  policy("deny if true");
  policy("deny if user.missing");
  EXPECT_TRUE(may(ann_, Action::read, entry)) << "nor can a policy lock the owner out";
  EXPECT_FALSE(may(bob_, Action::read, page_));
  grant(bob_, GrantRole::reader, diary);
  EXPECT_TRUE(may(bob_, Action::read, entry));
  EXPECT_FALSE(may(bob_, Action::write, entry));
}

TEST_F(PolicyEngineTest, RefusesOldPermitsOnceAccessWasRevoked) {
  const std::string rule = policy("allow if true");
  const Permit before = permit(who(ann_), Action::read);
  const auto ask = [&](const Permit& with) {
    return read([&](store::Snapshot& s) { return store::document(s, with, page_); });
  };
  EXPECT_TRUE(ask(before));
  remove_policy(rule);
  const auto stale = ask(before);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::conflict);
  const auto fresh = ask(permit(who(ann_), Action::read));
  ASSERT_FALSE(fresh);
  EXPECT_EQ(fresh.error().code, ErrorCode::not_found);
}

TEST_F(PolicyEngineTest, RefusesPrincipalsThatAreNoLongerThemselves) {
  const auto ask = [&](const Principal& principal) {
    const auto given =
        read([&](store::Snapshot& s) { return engine_.permit(s, principal, Action::read); });
    return given ? std::string("given") : std::string(name(given.error().code));
  };
  const NewKey made = key(ann_, {"search"});
  const Principal by_session = who(ann_);
  const Principal with_key = must(by_key(made.key));
  EXPECT_EQ(ask(by_session), "given");
  EXPECT_EQ(ask(with_key), "given");
  must(write([&](store::Transaction& tx) { return identities_->remove_key(tx, made.info.id); }));
  EXPECT_EQ(ask(with_key), "unauthenticated");
  EXPECT_EQ(ask(by_session), "given");
  must(change(ann_, {.attributes = Attributes{{"department", "it"}}}));
  EXPECT_EQ(ask(by_session), "conflict");
  const Principal again = who(ann_);
  group("readers", {ann_});
  EXPECT_EQ(ask(again), "conflict");
  Principal forged = who(ann_);
  EXPECT_EQ(ask(forged), "given");
  forged.roles = {"admin"};
  EXPECT_EQ(ask(forged), "conflict");
  const Principal last = who(ann_);
  must(change(ann_, {.disabled = true}));
  EXPECT_EQ(ask(last), "unauthenticated");
  EXPECT_EQ(ask(Principal{}), "unauthenticated");
}

TEST_F(PolicyEngineTest, NarrowsAKeyToItsScopes) {
  const auto opened = [&](std::vector<std::string> scopes) {
    const Principal principal = must(by_key(key(bob_, std::move(scopes)).key));
    std::string actions;
    actions += permit(principal, Action::read).labels().empty() ? "" : "r";
    actions += permit(principal, Action::write).labels().empty() ? "" : "w";
    actions += permit(principal, Action::manage).labels().empty() ? "" : "m";
    return actions;
  };
  EXPECT_EQ(opened({"*"}), "rwm");
  EXPECT_EQ(opened({"search"}), "r");
  EXPECT_EQ(opened({"ask"}), "r");
  EXPECT_EQ(opened({"documents:read"}), "r");
  EXPECT_EQ(opened({"documents:write"}), "w");
  EXPECT_EQ(opened({"admin"}), "m");
  EXPECT_EQ(opened({"documents:read", "documents:write"}), "rw");
}

TEST_F(PolicyEngineTest, ShowsCollectionsToThoseWhoMayDoSomethingInThem) {
  const std::string empty = organization(bob_, {{"department", "hr"}});
  const std::string other = organization(bob_, {{"department", "it"}});
  EXPECT_TRUE(sees(bob_, empty));
  EXPECT_FALSE(sees(ann_, empty));
  policy("allow if user.department == resource.department");
  EXPECT_TRUE(sees(ann_, empty));
  EXPECT_TRUE(sees(ann_, handbook_));
  EXPECT_FALSE(sees(ann_, other));
  document(bob_, other, {{"department", "hr"}});
  EXPECT_TRUE(sees(ann_, other)) << "one document in it is open";
  const std::string granted = grant(root_, GrantRole::editor, empty);
  EXPECT_TRUE(sees(root_, empty));
  revoke(granted);
  EXPECT_FALSE(sees(root_, empty));
}

TEST_F(PolicyEngineTest, LetsACollectionBeWrittenToByItsOwnAttributes) {
  policy("allow write if resource.department == user.department");
  EXPECT_TRUE(permit(who(ann_), Action::write).covers_collection(handbook_));
  const std::string mixed = organization(bob_);
  document(bob_, mixed, {{"department", "hr"}});
  EXPECT_FALSE(permit(who(ann_), Action::write).covers_collection(mixed));
  EXPECT_TRUE(permit(who(ann_), Action::read).collections().empty());
}

TEST_F(PolicyEngineTest, AnswersNotFoundForWhatIsNotThere) {
  const Principal ann = who(ann_);
  for (const std::string& id : {std::string("doc_none"), std::string("col_none"), std::string()}) {
    const auto answer =
        read([&](store::Snapshot& s) { return engine_.check(s, ann, Action::read, id); });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::not_found);
  }
}

TEST_F(PolicyEngineTest, DecidesOnceForEachEpoch) {
  metrics::Counter& decided =
      metrics::counter("wenyuan_auth_decisions_total", "", {{"from", "policies"}});
  const Principal ann = who(ann_);
  const Principal bob = who(bob_);
  const auto decisions = [&](const Principal& principal, Action action) {
    const std::uint64_t before = decided.value();
    permit(principal, action);
    return decided.value() - before;
  };
  EXPECT_EQ(decisions(ann, Action::read), 1U);
  EXPECT_EQ(decisions(ann, Action::read), 0U);
  EXPECT_EQ(decisions(ann, Action::write), 1U);
  EXPECT_EQ(decisions(bob, Action::read), 1U);
  EXPECT_EQ(decisions(ann, Action::read), 0U);
  policy("allow if true");
  EXPECT_EQ(decisions(ann, Action::read), 1U);
  EXPECT_EQ(decisions(ann, Action::read), 0U);
}

// The epoch number of a unit that is undone is given to the next one.
TEST_F(PolicyEngineTest, ForgetsWhatAnUndoneUnitOfWritingSaw) {
  const Principal ann = who(ann_);
  Policy rule;
  rule.name = "rule";
  rule.text = "allow if true";
  Epoch undone = 0;
  const Status outcome = write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(engine_.add_policy(tx, rule, now_));
    WY_TRY(const Permit inside, engine_.permit(tx, ann, Action::read));
    EXPECT_EQ(inside.labels().size(), 1U);
    undone = inside.epoch();
    return Error{ErrorCode::cancelled, "undone"};
  });
  EXPECT_FALSE(outcome);
  EXPECT_FALSE(may(ann_, Action::read, page_));
  rule.text = "allow if false";
  must(write([&](store::Transaction& tx) { return engine_.add_policy(tx, rule, now_); }));
  const Permit after = permit(ann, Action::read);
  EXPECT_EQ(after.epoch(), undone);
  EXPECT_TRUE(after.labels().empty());
}

TEST_F(PolicyEngineTest, IsRightForEverySnapshotWhileGrantsComeAndGo) {
  const Principal ann = who(ann_);
  const LabelId label =
      must(read([&](store::Snapshot& s) { return store::document_for_ingest(s, page_); })).label_id;
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0, asked = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const Status looked = read([&](store::Snapshot& s) -> Status {
          WY_TRY(const auto granted, engine_.grants(s, handbook_));
          WY_TRY(const Permit given, engine_.permit(s, ann, Action::read));
          if (given.covers(label) == granted.empty()) ++wrong;
          ++asked;
          return Done{};
        });
        if (!looked) ++wrong;
      }
    });
  }
  for (int i = 0; i < 100; ++i) revoke(grant(ann_, GrantRole::reader, handbook_));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(asked, 0);
}

TEST_F(PolicyEngineTest, StoresOnlyPoliciesThatCanBeRead) {
  Policy rule;
  rule.name = "rule";
  const auto refusal = [&](const std::string& text) {
    rule.text = text;
    const auto added =
        write([&](store::Transaction& tx) { return engine_.add_policy(tx, rule, now_); });
    return added ? std::string("stored") : added.error().message;
  };
  EXPECT_EQ(refusal("allow if user.a == "),
            "text: line 1, column 20: expected a value, 'user' or 'resource', found the end");
  EXPECT_THAT(refusal("allow if resource.color == \"red\""),
              HasSubstr("line 1, column 10: access cannot depend on resource.color"));
  EXPECT_EQ(refusal("allow if resource.project == \"x\""), "stored");
  rule.name = "";
  EXPECT_THAT(refusal("allow if true"), HasSubstr("name: "));
}

TEST_F(PolicyEngineTest, KeepsEveryVersionOfAPolicy) {
  const std::string id = policy("allow if false");
  Policy changed;
  changed.id = id;
  changed.name = "renamed";
  changed.text = "allow if true";
  must(write([&](store::Transaction& tx) { return engine_.update_policy(tx, changed, now_ + 1); }));
  EXPECT_TRUE(may(ann_, Action::read, page_));
  const Policy now = must(read([&](store::Snapshot& s) { return engine_.policy(s, id); }));
  EXPECT_EQ(now.version, 2);
  EXPECT_EQ(now.created_at, now_);
  EXPECT_EQ(now.updated_at, now_ + 1);
  remove_policy(id);
  const auto kept = must(read([&](store::Snapshot& s) { return engine_.policy_versions(s, id); }));
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].text, "allow if true");
  EXPECT_EQ(kept[1].text, "allow if false");
  EXPECT_TRUE(must(read([&](store::Snapshot& s) { return engine_.policies(s); })).empty());
  const auto gone = write([&](store::Transaction& tx) { return engine_.remove_policy(tx, id); });
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
}

TEST_F(PolicyEngineTest, DeniesWhileAStoredPolicyCannotBeRead) {
  const std::string rule = policy("allow if true");
  const auto rewrite = [&](const std::string& text) {
    must(write([&](store::Transaction& tx) -> Status {
      WY_TRY(auto update, tx.prepare("UPDATE policies SET text = ?, version = version + 1"));
      WY_RETURN_IF_ERROR(update.bind(1, text).run());
      return tx.raise_epoch();
    }));
  };
  rewrite("permit(principal);");
  EXPECT_FALSE(may(bob_, Action::read, page_));
  EXPECT_THAT(decision(bob_, Action::read, page_).errors, ElementsAre(HasSubstr(rule)));
  rewrite("deny if resource has color and false");
  EXPECT_FALSE(may(bob_, Action::read, page_)) << "color is no longer what labels are made of";
  rewrite("allow if not (resource has color)");
  EXPECT_TRUE(may(bob_, Action::read, page_));
  EXPECT_FALSE(may(ann_, Action::read, page_));
  EXPECT_THAT(decision(ann_, Action::read, page_).errors, ElementsAre(HasSubstr("color")));
}

}  // namespace
}  // namespace wenyuan::auth
