// Groups in groups, against a closure that is computed in the plainest way. WENYUAN_GROUP_WORLDS
// sets how many random hierarchies (20; the figure of bench/README.md took 2,000).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Edges = std::set<std::pair<std::string, std::string>>;  // group, member

// Whatever `id` is in, by following one edge after the other until nothing new comes.
std::set<std::string> plain_closure(const Edges& edges, const std::string& id) {
  std::set<std::string> found;
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [group, member] : edges) {
      if (member != id && !found.contains(member)) continue;
      grew = found.insert(group).second || grew;
    }
  }
  return found;
}

int plain_height(const Edges& edges, const std::string& id) {
  int height = 1;
  for (const auto& [group, member] : edges) {
    if (member == id) height = std::max(height, 1 + plain_height(edges, group));
  }
  return height;
}

int plain_depth(const Edges& edges, const std::string& id) {
  int depth = 1;
  for (const auto& [group, member] : edges) {
    if (group == id && member.starts_with("grp_")) {
      depth = std::max(depth, 1 + plain_depth(edges, member));
    }
  }
  return depth;
}

class NestedGroupsTest : public AuthTest {
 protected:
  Status put(const std::string& group_id, const std::string& member_id) {
    return write([&](store::Transaction& tx) { return add_member(tx, group_id, member_id); });
  }
  Status take(const std::string& group_id, const std::string& member_id) {
    return write([&](store::Transaction& tx) { return remove_member(tx, group_id, member_id); });
  }
  std::vector<std::string> everybody_in(const std::string& group_id) {
    return must(read([&](store::Snapshot& s) { return users_in(s, group_id, "", 10'000); }));
  }
  Epoch epoch() {
    return must(read([](store::Snapshot& s) { return s.epoch(); }));
  }
};

TEST_F(NestedGroupsTest, GiveWhatIsGivenToTheGroupsAround) {
  const std::string ann = user("ann"), bob = user("bob");
  const std::string shelf = organization(bob);
  const std::string note = document(bob, shelf);
  const std::string inner = group("inner", {ann});
  const std::string middle = group("middle", {inner});
  const std::string outer = group("outer", {middle});
  EXPECT_FALSE(may(ann, Action::read, note));
  const std::string granted = grant(outer, GrantRole::reader, shelf);
  EXPECT_TRUE(may(ann, Action::read, note));
  revoke(granted);
  EXPECT_FALSE(may(ann, Action::read, note));
  policy("permit(principal in Group::\"" + outer + "\", action == Action::\"read\", resource);");
  EXPECT_TRUE(may(ann, Action::read, note));
  policy("deny if \"" + middle + "\" in user.groups");
  EXPECT_FALSE(may(ann, Action::read, note));
}

TEST_F(NestedGroupsTest, EndWhereTheWayToThemIsCut) {
  const std::string ann = user("ann");
  const std::string inner = group("inner", {ann});
  const std::string middle = group("middle", {inner});
  const std::string outer = group("outer", {middle, inner});
  must(take(outer, middle));
  EXPECT_EQ(who(ann).group_ids.size(), 3U) << "inner stands in outer directly too";
  must(take(outer, inner));
  EXPECT_EQ(who(ann).group_ids.size(), 2U);
  must(write([&](store::Transaction& tx) {
    return remove_group(tx, inner, engine_.access_attributes());
  }));
  EXPECT_THAT(who(ann).group_ids, IsEmpty());
  EXPECT_THAT(must(read([&](store::Snapshot& s) { return members(s, middle); })), IsEmpty());
}

TEST_F(NestedGroupsTest, RaiseTheEpochWithEveryChange) {
  const std::string ann = user("ann");
  const std::string inner = group("inner", {ann}), outer = group("outer", {});
  const Permit before = permit(who(ann), Action::read);
  const Epoch first = epoch();
  must(put(outer, inner));
  EXPECT_GT(epoch(), first);
  const Epoch second = epoch();
  must(take(outer, inner));
  EXPECT_GT(epoch(), second);
  EXPECT_FALSE(read([&](store::Snapshot& s) { return s.accept(before); }));
}

TEST_F(NestedGroupsTest, AreNeverInThemselves) {
  const std::string a = group("a", {}), b = group("b", {}), c = group("c", {});
  EXPECT_EQ(put(a, a).error().code, ErrorCode::conflict);
  must(put(a, b));
  must(put(b, c));
  const Status cycle = put(c, a);
  EXPECT_EQ(cycle.error().code, ErrorCode::conflict);
  EXPECT_THAT(cycle.error().message, HasSubstr("in itself"));
  EXPECT_EQ(put(a, "grp_none").error().code, ErrorCode::not_found);
  EXPECT_EQ(put(a, "usr_none").error().code, ErrorCode::not_found);
  EXPECT_EQ(put("grp_none", a).error().code, ErrorCode::not_found);
}

TEST_F(NestedGroupsTest, StandTenDeepAndNoDeeper) {
  std::vector<std::string> chain;
  for (int i = 0; i <= kGroupDepthMax; ++i) {
    chain.push_back(group("group " + std::to_string(i), {}));
  }
  // From both ends, so that the last one joins two halves.
  for (int i = 0; i < 4; ++i) must(put(chain[std::size_t(i)], chain[std::size_t(i) + 1]));
  for (int i = 5; i < 9; ++i) must(put(chain[std::size_t(i)], chain[std::size_t(i) + 1]));
  must(put(chain[4], chain[5]));
  const Status deeper = put(chain[9], chain[10]);
  EXPECT_EQ(deeper.error().code, ErrorCode::conflict);
  EXPECT_THAT(deeper.error().message, HasSubstr("10 deep"));
  EXPECT_EQ(put(chain[10], chain[0]).error().code, ErrorCode::conflict);
  const std::string ann = user("ann");
  must(put(chain[9], ann));
  EXPECT_EQ(who(ann).group_ids.size(), 10U);
}

TEST_F(NestedGroupsTest, TakeAWholeListOfMembersOrNone) {
  const std::string ann = user("ann"), bob = user("bob");
  const std::string inner = group("inner", {}), outer = group("outer", {ann});
  const auto set = [&](const std::vector<std::string>& wanted) {
    return write([&](store::Transaction& tx) { return set_members(tx, outer, wanted); });
  };
  must(set({inner, bob, bob}));
  const auto now = must(read([&](store::Snapshot& s) { return members(s, outer); }));
  EXPECT_THAT(now, ElementsAre(inner, bob));
  EXPECT_THAT(set({ann, "usr_none"}).error().message, HasSubstr("usr_none"));
  EXPECT_EQ(set({ann, outer}).error().code, ErrorCode::conflict);
  EXPECT_EQ(must(read([&](store::Snapshot& s) { return members(s, outer); })), now);
}

int world_count() {
  const char* wanted = std::getenv("WENYUAN_GROUP_WORLDS");
  return wanted == nullptr ? 20 : std::atoi(wanted);
}

TEST_F(NestedGroupsTest, AreTheClosureThatAPlainSearchFinds) {
  std::mt19937 random(2026);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  std::vector<std::string> users, groups;
  for (int i = 0; i < 6; ++i) users.push_back(user("user" + std::to_string(i)));
  for (int i = 0; i < 14; ++i) groups.push_back(group("group" + std::to_string(i), {}));
  for (int world = 0; world < world_count(); ++world) {
    Edges edges;
    must(write([&](store::Transaction& tx) -> Status {
      for (const std::string& id : groups) WY_RETURN_IF_ERROR(set_members(tx, id, {}));
      for (int step = 0; step < 40; ++step) {
        const std::string& group = groups[below(groups.size())];
        const bool is_user = below(3) == 0;
        const std::string& member =
            is_user ? users[below(users.size())] : groups[below(groups.size())];
        const bool cycle = member == group || plain_closure(edges, group).contains(member);
        const bool deep = !is_user && !cycle &&
                          plain_height(edges, group) + plain_depth(edges, member) > kGroupDepthMax;
        if (below(8) == 0 && !edges.empty()) {
          auto gone = edges.begin();
          std::advance(gone, static_cast<std::ptrdiff_t>(below(edges.size())));
          WY_RETURN_IF_ERROR(remove_member(tx, gone->first, gone->second));
          edges.erase(gone);
          continue;
        }
        const Status added = add_member(tx, group, member);
        EXPECT_EQ(added.has_value(), !cycle && !deep);
        if (added) edges.emplace(group, member);
      }
      return Done{};
    }));
    std::map<std::string, std::vector<std::string>> inside;
    for (const std::string& id : users) {
      const auto expected = plain_closure(edges, id);
      EXPECT_EQ(who(id).group_ids, std::vector<std::string>(expected.begin(), expected.end()));
      for (const std::string& group : expected) inside[group].push_back(id);
    }
    for (const std::string& id : groups) {
      std::ranges::sort(inside[id]);
      EXPECT_EQ(everybody_in(id), inside[id]);
    }
  }
}

}  // namespace
}  // namespace wenyuan::auth
