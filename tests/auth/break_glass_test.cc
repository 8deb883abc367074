// Break-glass, and that without it no role whatever reaches somebody's personal collections.
// WENYUAN_PERSONAL_WORLDS sets in how many random worlds (4; the figure of bench/README.md took
// 500).
#include "auth/break_glass.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "auth/identity/sessions.h"
#include "auth/key_secret.h"
#include "auth/roles.h"
#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using State = BreakGlassState;

class BreakGlassTest : public AuthTest {
 protected:
  BreakGlassTest() { now_ = clock_.now(); }

  // In a session that has shown a second factor.
  Principal in_session(const std::string& user_id, bool second_factor = true) {
    return must(write([&](store::Transaction& tx) -> Result<Principal> {
      SessionStart start;
      start.user_id = user_id;
      start.second_factor = second_factor;
      WY_TRY(const SessionTokens made, sessions_.begin(tx, start, clock_.now()));
      return sessions_.authenticate(tx, made.access_token, clock_.now());
    }));
  }
  Result<BreakGlass> ask(const Principal& actor, const std::string& owner_id,
                         const std::string& collection_id = "",
                         std::chrono::milliseconds duration = 1h) {
    BreakGlass wanted;
    wanted.owner_id = owner_id;
    wanted.collection_id = collection_id;
    wanted.reason = "the contract of a person who is in hospital";
    wanted.duration_ms = duration.count();
    return write([&](store::Transaction& tx) {
      return request_break_glass(tx, actor, wanted, clock_.now());
    });
  }
  Result<BreakGlass> approve(const Principal& actor, const std::string& id) {
    return write(
        [&](store::Transaction& tx) { return approve_break_glass(tx, actor, id, clock_.now()); });
  }
  Result<BreakGlass> end(const Principal& actor, const std::string& id) {
    return write(
        [&](store::Transaction& tx) { return end_break_glass(tx, actor, id, clock_.now()); });
  }
  State state(const std::string& id) {
    return must(read([&](store::Snapshot& s) { return break_glass(s, id); })).state(clock_.now());
  }
  std::string open(const Principal& asks, const std::string& owner_id,
                   const std::string& collection_id = "") {
    clock_.advance(1ms);  // accounts are older than the request
    const std::string id = must(ask(asks, owner_id, collection_id)).id;
    must(approve(in_session(aud_), id));
    return id;
  }
  Result<Principal> under(Principal principal, const std::string& id) {
    WY_TRY(principal.break_glass, read([&](store::Snapshot& s) {
             return break_glass_in_force(s, principal, id, clock_.now());
           }));
    return principal;
  }
  bool reads(const Principal& principal, const std::string& document_id) {
    const Permit given =
        must(read([&](store::Snapshot& s) { return timed_.permit(s, principal, Action::read); }));
    return read([&](store::Snapshot& s) { return store::document(s, given, document_id); })
        .has_value();
  }
  std::string code(const auto& result) {
    return result ? "fine" : std::string(wenyuan::name(result.error().code));
  }

  ManualClock clock_{SystemClock().now()};
  PolicyEngine timed_{{"sensitivity", "department", "project"}, &clock_};
  const KeySecret secret_ = must(KeySecret::open(database_->keys()));
  const Sessions sessions_{secret_, {}};
  const std::string ann_ = user("ann"), bob_ = user("bob");
  const std::string root_ = user("root", {}, {"admin"});
  const std::string aud_ = user("aud", {}, {"auditor"});
  const std::string diary_ = personal(ann_), letters_ = personal(ann_), work_ = organization(ann_);
  const std::string page_ = document(ann_, diary_), letter_ = document(ann_, letters_);
  const std::string note_ = document(ann_, work_);
};

TEST_F(BreakGlassTest, OpensAPersonsPersonalCollectionsAndNothingElse) {
  const std::string mine = document(root_, personal(root_));
  const std::string id = open(in_session(root_), ann_);
  const Principal plain = in_session(root_);
  EXPECT_FALSE(reads(plain, page_)) << "only where a request says so";
  const Principal opened = must(under(plain, id));
  EXPECT_TRUE(reads(opened, page_));
  EXPECT_TRUE(reads(opened, letter_));
  EXPECT_FALSE(reads(opened, note_));
  EXPECT_FALSE(reads(opened, mine));
  const auto visible =
      must(read([&](store::Snapshot& s) { return timed_.visible_collections(s, opened); }));
  std::vector<std::string> expected = {diary_, letters_};
  std::ranges::sort(expected);
  EXPECT_EQ(visible, expected);
  for (const Action action : {Action::write, Action::manage}) {
    const Permit given =
        must(read([&](store::Snapshot& s) { return timed_.permit(s, opened, action); }));
    EXPECT_THAT(given.labels(), IsEmpty());
    EXPECT_THAT(given.collections(), IsEmpty());
  }
}

TEST_F(BreakGlassTest, MayBeForOneCollection) {
  const std::string id = open(in_session(root_), ann_, diary_);
  const Principal opened = must(under(in_session(root_), id));
  EXPECT_TRUE(reads(opened, page_));
  EXPECT_FALSE(reads(opened, letter_));
  for (const std::string& other : {work_, personal(bob_), std::string("col_none")}) {
    const std::string asked = must(ask(in_session(root_), ann_, other)).id;
    EXPECT_EQ(code(approve(in_session(aud_), asked)), "conflict");
  }
}

TEST_F(BreakGlassTest, NeedsTwoPeopleWithTheirDuties) {
  const Principal root = in_session(root_), aud = in_session(aud_);
  EXPECT_EQ(code(ask(aud, ann_)), "forbidden") << "auditors approve and do not ask";
  EXPECT_EQ(code(ask(in_session(bob_), ann_)), "forbidden");
  EXPECT_EQ(code(ask(root, root_)), "invalid_argument");
  EXPECT_EQ(code(ask(root, "usr_none")), "not_found");
  clock_.advance(1ms);
  const std::string id = must(ask(root, ann_)).id;
  const auto alone = approve(root, id);
  EXPECT_EQ(code(alone), "forbidden");
  EXPECT_THAT(alone.error().message, HasSubstr("Somebody else"));
  EXPECT_EQ(code(approve(in_session(bob_), id)), "forbidden");
  EXPECT_EQ(code(approve(aud, "bgl_none")), "not_found");
  EXPECT_EQ(code(under(root, id)), "forbidden") << "not approved yet";
  const BreakGlass row = must(approve(aud, id));
  EXPECT_EQ(row.requester_name, "root");
  EXPECT_EQ(row.approver_name, "aud");
  EXPECT_EQ(*row.expires_at, clock_.now() + row.duration_ms);
  EXPECT_EQ(code(approve(aud, id)), "conflict");
}

TEST_F(BreakGlassTest, IsNotApprovedByItsOwnerOrByAnAccountMadeForIt) {
  UserChange promoted;
  promoted.roles = std::vector<std::string>{"auditor"};
  must(change(ann_, promoted));
  clock_.advance(1ms);
  const std::string id = must(ask(in_session(root_), ann_)).id;
  EXPECT_EQ(code(approve(in_session(ann_), id)), "forbidden");
  EXPECT_EQ(code(end(in_session(ann_), id)), "forbidden");
  now_ = clock_.now();
  const std::string puppet = user("puppet", {}, {"admin"});
  const auto refused = approve(in_session(puppet), id);
  EXPECT_EQ(code(refused), "forbidden");
  EXPECT_THAT(refused.error().message, HasSubstr("account made since"));
}

TEST_F(BreakGlassTest, IsForSessionsWithASecondFactor) {
  const Principal weak = in_session(root_, false);
  EXPECT_EQ(code(ask(weak, ann_)), "forbidden");
  const Principal by_a_key = must(by_key(key(root_, {"*"}).key));
  EXPECT_EQ(code(ask(by_a_key, ann_)), "forbidden");
  const std::string id = open(in_session(root_), ann_);
  EXPECT_EQ(code(under(by_a_key, id)), "forbidden");
  EXPECT_EQ(code(under(weak, id)), "forbidden");
  EXPECT_EQ(code(under(in_session(aud_), id)), "forbidden") << "the one who approved";
  EXPECT_EQ(code(approve(in_session(aud_, false), id)), "forbidden");
}

TEST_F(BreakGlassTest, EndsByItselfWithThePermitsMadeUnderIt) {
  clock_.advance(-2h);
  const Principal root = in_session(root_);
  const std::string id = open(root, ann_);
  const Principal opened = must(under(root, id));
  const Permit given =
      must(read([&](store::Snapshot& s) { return timed_.permit(s, opened, Action::read); }));
  const auto late = read([&](store::Snapshot& s) { return store::document(s, given, page_); });
  EXPECT_EQ(code(late), "conflict") << "by the system's clock its hour was over an hour ago";
  clock_.advance(1h - 1ms);
  EXPECT_EQ(state(id), State::active);
  clock_.advance(1ms);
  EXPECT_EQ(state(id), State::expired);
  EXPECT_EQ(code(under(in_session(root_), id)), "forbidden");
  const auto again =
      read([&](store::Snapshot& s) { return timed_.permit(s, opened, Action::read); });
  EXPECT_EQ(code(again), "forbidden") << "whatever the principal still says";
  EXPECT_EQ(code(end(in_session(aud_), id)), "conflict");
}

TEST_F(BreakGlassTest, CanBeEndedByTheTwoSidesAndNotByItsOwner) {
  for (const std::string& by : {root_, aud_}) {
    const Principal root = in_session(root_);
    const std::string id = open(root, ann_);
    const Principal opened = must(under(root, id));
    const Permit given =
        must(read([&](store::Snapshot& s) { return timed_.permit(s, opened, Action::read); }));
    EXPECT_EQ(code(end(in_session(ann_), id)), "forbidden");
    EXPECT_EQ(code(end(in_session(bob_), id)), "forbidden");
    must(end(in_session(by), id));
    EXPECT_EQ(state(id), State::ended);
    EXPECT_EQ(code(under(root, id)), "forbidden");
    EXPECT_FALSE(read([&](store::Snapshot& s) { return s.accept(given); }));
  }
  const std::string waiting = must(ask(in_session(root_), ann_)).id;
  must(end(in_session(root_), waiting));
  EXPECT_EQ(state(waiting), State::refused);
  EXPECT_EQ(code(approve(in_session(aud_), waiting)), "conflict");
}

TEST_F(BreakGlassTest, LapsesWhenNobodyApproves) {
  clock_.advance(1ms);
  const std::string id = must(ask(in_session(root_), ann_)).id;
  clock_.advance(24h - 1ms);
  EXPECT_EQ(state(id), State::requested);
  clock_.advance(1ms);
  EXPECT_EQ(state(id), State::lapsed);
  EXPECT_EQ(code(approve(in_session(aud_), id)), "conflict");
}

TEST_F(BreakGlassTest, EndsWithTheDutyOfWhoeverAsked) {
  const std::string other = user("other", {}, {"admin"});
  const std::string id = open(in_session(other), ann_);
  EXPECT_TRUE(reads(must(under(in_session(other), id)), page_));
  UserChange demoted;
  demoted.roles = std::vector<std::string>();
  must(change(other, demoted));
  EXPECT_EQ(code(under(in_session(other), id)), "forbidden");
}

TEST_F(BreakGlassTest, HasBoundsAndNeedsAReason) {
  const Principal root = in_session(root_);
  EXPECT_EQ(code(ask(root, ann_, "", 24h)), "fine");
  EXPECT_EQ(code(ask(root, ann_, "", 24h + 1ms)), "invalid_argument");
  EXPECT_EQ(code(ask(root, ann_, "", 60s - 1ms)), "invalid_argument");
  BreakGlass wanted;
  wanted.owner_id = ann_;
  wanted.reason = "   because  ";
  wanted.duration_ms = 60'000;
  const auto short_of = write(
      [&](store::Transaction& tx) { return request_break_glass(tx, root, wanted, clock_.now()); });
  EXPECT_EQ(code(short_of), "invalid_argument");
}

TEST_F(BreakGlassTest, ShowsItsOwnerWhatWasReadAndByWhom) {
  const std::string id = open(in_session(root_), ann_);
  must(ask(in_session(root_), ann_));  // waits, so it is no access yet
  for (int i = 0; i < 3; ++i) {
    must(write([&](store::Transaction& tx) {
      return note_break_glass_read(tx, id, {clock_.now(), "GET /v1/documents/{id}", page_, "req"});
    }));
  }
  BreakGlassFilter mine;
  mine.owner_id = ann_;
  mine.approved_only = true;
  const auto shown =
      must(read([&](store::Snapshot& s) { return break_glass_list(s, mine, {}); })).items;
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].id, id);
  EXPECT_EQ(shown[0].reads, 3);
  const auto first =
      must(read([&](store::Snapshot& s) { return break_glass_reads(s, id, {.limit = 2}); }));
  ASSERT_EQ(first.items.size(), 2U);
  EXPECT_EQ(first.items[0].object_id, page_);
  const auto rest = must(read([&](store::Snapshot& s) {
    return break_glass_reads(s, id, {.limit = 2, .cursor = first.next_cursor});
  }));
  EXPECT_EQ(rest.items.size(), 1U);
  EXPECT_EQ(rest.next_cursor, "");
}

TEST_F(BreakGlassTest, StaysOnRecord) {
  const std::string id = open(in_session(root_), ann_);
  must(write([&](store::Transaction& tx) {
    return note_break_glass_read(tx, id, {clock_.now(), "GET /v1/documents/{id}", page_, "req"});
  }));
  for (const char* sql :
       {"DELETE FROM break_glass", "DELETE FROM break_glass_reads",
        "UPDATE break_glass SET reason = 'none of your business'",
        "UPDATE break_glass SET owner_id = 'usr_x'", "UPDATE break_glass SET approver_id = 'usr_x'",
        "UPDATE break_glass SET expires_at = expires_at + 1",
        "UPDATE break_glass_reads SET object_id = ''"}) {
    const Status done = write([&](store::Transaction& tx) -> Status {
      WY_TRY(auto statement, tx.prepare(sql));
      return statement.run();
    });
    EXPECT_FALSE(done) << sql;
  }
}

int world_count() {
  const char* wanted = std::getenv("WENYUAN_PERSONAL_WORLDS");
  return wanted == nullptr ? 4 : std::atoi(wanted);
}

// Everybody holds a role, one of them all; policies allow every role everything, groups stand in
// groups, and owners share at random. Personal collections are open to their owners and to those
// whom they shared them with, and an access in force changes nothing for anybody.
class PersonalCollectionsTest : public BreakGlassTest {
 protected:
  struct Shared {
    std::string holder;  // user or group
    GrantRole role;
    std::string resource;
  };

  PersonalCollectionsTest() {
    std::vector<std::string> names = {"admin",       "auditor", "data_scientist", "editor",
                                      "model_admin", "owner",   "reader"};
    for (int i = 0; i < 4; ++i) {
      Role wanted;
      wanted.name = "custom" + std::to_string(i);
      for (std::size_t at = 0; at < kDutyCount; ++at) {
        if (i == 0 || below(2) == 0) wanted.duties.add(static_cast<Duty>(at));
      }
      must(write([&](store::Transaction& tx) { return add_role(tx, wanted, now_); }));
      names.push_back(wanted.name);
    }
    policy("permit(principal, action, resource);");
    for (const std::string& role : names) {
      policy("permit(principal in Role::\"" + role + "\", action, resource);");
      people_.push_back(user("the-" + role, {}, {role}));
    }
    people_.push_back(user("all", {}, names));
    for (int i = 0; i < 4; ++i) {
      groups_.push_back(group("group" + std::to_string(i), {people_[below(people_.size())]}));
    }
    for (std::size_t i = 0; i + 1 < groups_.size(); ++i) {
      must(write(
          [&](store::Transaction& tx) { return add_member(tx, groups_[i + 1], groups_[i]); }));
    }
  }

  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  bool expected(const std::string& person, Action action, const std::string& owner,
                const std::vector<Shared>& shared, const std::string& resource) {
    if (person == owner) return true;
    const std::vector<std::string> groups = who(person).group_ids;
    return std::ranges::any_of(shared, [&](const Shared& one) {
      const bool holds = one.holder == person || std::ranges::count(groups, one.holder) > 0;
      return holds && opens(one.role, action) && one.resource == resource;
    });
  }

  std::mt19937 random_{2026};
  std::vector<std::string> people_, groups_;
};

TEST_F(PersonalCollectionsTest, AreOpenToTheirOwnersAndWhomTheySharedThemWith) {
  const std::string id = open(in_session(root_), ann_);
  for (int world = 0; world < world_count(); ++world) {
    const std::string owner = people_[below(people_.size())];
    const std::string shelf = personal(owner), book = document(owner, shelf);
    std::vector<Shared> shared;
    for (std::size_t i = below(4); i > 0; --i) {
      const bool to_group = below(2) == 0;
      const Shared one{to_group ? groups_[below(groups_.size())] : people_[below(people_.size())],
                       static_cast<GrantRole>(below(3)), shelf};
      if (try_grant(one.holder, one.role, one.resource)) shared.push_back(one);
    }
    for (const std::string& person : people_) {
      for (const Action action : {Action::read, Action::write, Action::manage}) {
        EXPECT_EQ(may(person, action, book), expected(person, action, owner, shared, shelf));
        EXPECT_FALSE(may(person, action, page_)) << "in force, but not for them";
      }
      EXPECT_EQ(sees(person, shelf), expected(person, Action::read, owner, shared, shelf));
      EXPECT_TRUE(may(person, Action::manage, note_)) << "the organization's are open";
    }
  }
  for (const std::string& person : people_) {
    EXPECT_EQ(code(under(in_session(person), id)), "forbidden");
    EXPECT_FALSE(reads(in_session(person), page_));
  }
}

}  // namespace
}  // namespace wenyuan::auth
