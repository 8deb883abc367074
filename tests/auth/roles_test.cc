// Roles as sets of duties, and that nobody comes to more than they have. WENYUAN_ROLE_STEPS sets
// how many random acts are tried (200; the figure of bench/README.md took 20,000).
#include "auth/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RolesTest : public AuthTest {
 protected:
  Result<Role> try_role(const std::string& name, DutySet duties) {
    Role wanted;
    wanted.name = name;
    wanted.duties = duties;
    return write([&](store::Transaction& tx) { return add_role(tx, wanted, now_); });
  }
  std::string role_of(const std::string& name, DutySet duties) {
    return must(try_role(name, duties)).name;
  }
  Status reshape(const std::string& name, DutySet duties) {
    return write([&](store::Transaction& tx) -> Status {
      WY_TRY(Role changed, role(tx, name));
      changed.duties = duties;
      WY_RETURN_IF_ERROR(update_role(tx, changed, now_));
      return Done{};
    });
  }
  Status drop(const std::string& name) {
    return write([&](store::Transaction& tx) { return remove_role(tx, name); });
  }
  Status gives(const std::string& actor, const std::string& to, std::vector<std::string> roles) {
    const Principal principal = who(actor);
    return read([&](store::Snapshot& s) { return check_gives_roles(s, principal, to, roles); });
  }
  Status shapes(const std::string& actor, const std::string& name, DutySet duties) {
    const Principal principal = who(actor);
    Role after;
    after.name = name;
    after.duties = duties;
    return read([&](store::Snapshot& s) { return check_shapes_role(s, principal, after); });
  }
  Status outranks(const std::string& actor, const std::string& other) {
    const Principal principal = who(actor);
    return read([&](store::Snapshot& s) { return check_outranks(s, principal, other); });
  }
};

TEST(Duties, HaveWireNames) {
  EXPECT_EQ(DutySet::all().size(), kDutyCount);
  for (const std::string& wire : DutySet::all().names()) {
    const auto found = duty(wire);
    ASSERT_TRUE(found) << wire;
    EXPECT_EQ(name(*found), wire);
    EXPECT_FALSE(description(*found).empty());
  }
  EXPECT_EQ(duty("users"), std::nullopt);
  EXPECT_EQ(duty(""), std::nullopt);
  EXPECT_EQ(duty("zzz"), std::nullopt);
}

TEST_F(RolesTest, GiveTheirDutiesToWhoeverHoldsThem) {
  const std::string helpdesk =
      role_of("helpdesk", {Duty::directory_read, Duty::credentials_manage});
  const std::string ann = user("ann", {}, {helpdesk, "data_scientist"});
  EXPECT_THAT(who(ann).duties.names(),
              ElementsAre("credentials.manage", "directory.read", "metrics.read"));
  EXPECT_TRUE(who(ann).may(Duty::credentials_manage));
  EXPECT_FALSE(who(ann).may(Duty::users_manage));
  const NewKey narrow = key(ann, {"search"});
  EXPECT_FALSE(must(by_key(narrow.key)).may(Duty::directory_read)) << "no scope for duties";
  must(reshape(helpdesk, {Duty::directory_read}));
  EXPECT_FALSE(who(ann).may(Duty::credentials_manage));
}

TEST_F(RolesTest, AreKnownToPoliciesAndOpenNothingElse) {
  const std::string bob = user("bob");
  const std::string shelf = organization(bob), own = personal(bob);
  const std::string note = document(bob, shelf), letter = document(bob, own);
  role_of("translator", {});
  const std::string ann = user("ann", {}, {"translator", "reader", "editor", "owner"});
  EXPECT_FALSE(may(ann, Action::read, note));
  policy("permit(principal in Role::\"translator\", action == Action::\"read\", resource);");
  EXPECT_TRUE(may(ann, Action::read, note));
  EXPECT_FALSE(may(ann, Action::write, note));
  policy("permit(principal in Role::\"editor\", action, resource);");
  EXPECT_TRUE(may(ann, Action::write, note));
  EXPECT_FALSE(may(ann, Action::read, letter));
}

TEST_F(RolesTest, EndOldPermitsWhenTheyChange) {
  role_of("helpdesk", {Duty::directory_read});
  const std::string ann = user("ann", {}, {"helpdesk"});
  const Principal before = who(ann);
  const Permit given = permit(before, Action::read);
  must(reshape("helpdesk", {}));
  EXPECT_FALSE(read([&](store::Snapshot& s) { return s.accept(given); }));
  const auto asked =
      read([&](store::Snapshot& s) { return engine_.permit(s, before, Action::read); });
  EXPECT_EQ(asked.error().code, ErrorCode::conflict);
}

TEST_F(RolesTest, HaveNamesOfTheirOwn) {
  for (const std::string bad : {"", "Admin", "9lives", "two words", "x\n", "größe", "-x"}) {
    EXPECT_EQ(try_role(bad, {}).error().code, ErrorCode::invalid_argument) << bad;
  }
  EXPECT_FALSE(try_role(std::string(64, 'a'), {}));
  EXPECT_EQ(try_role("auditor", {}).error().code, ErrorCode::conflict);
  role_of("helpdesk", {});
  EXPECT_EQ(try_role("helpdesk", {}).error().code, ErrorCode::conflict);
  EXPECT_EQ(reshape("admin", {}).error().code, ErrorCode::conflict);
  EXPECT_EQ(reshape("nothing", {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(drop("admin").error().code, ErrorCode::conflict);
  EXPECT_EQ(drop("nothing").error().code, ErrorCode::not_found);
}

TEST_F(RolesTest, StayWhileSomebodyHoldsThem) {
  role_of("helpdesk", {});
  const std::string ann = user("ann", {}, {"helpdesk"});
  const Status held = drop("helpdesk");
  EXPECT_EQ(held.error().code, ErrorCode::conflict);
  EXPECT_THAT(held.error().message, HasSubstr("1 user holds"));
  UserChange none;
  none.roles = std::vector<std::string>();
  must(change(ann, none));
  must(drop("helpdesk"));
  none.roles = std::vector<std::string>{"helpdesk"};
  const Status gone = change(ann, none);
  EXPECT_EQ(gone.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(gone.error().message, HasSubstr("helpdesk"));
}

TEST_F(RolesTest, AreListedWithThoseBuiltIn) {
  role_of("zoo_keeper", {Duty::metrics_read});
  role_of("archivist", {});
  std::vector<std::string> names;
  for (const Role& one : must(read([](store::Snapshot& s) { return roles(s); }))) {
    names.push_back(one.name);
    EXPECT_EQ(one.built_in, is_built_in(one.name));
  }
  EXPECT_THAT(names, ElementsAre("admin", "auditor", "data_scientist", "editor", "model_admin",
                                 "owner", "reader", "archivist", "zoo_keeper"));
}

TEST_F(RolesTest, NobodyHandsOnMoreThanTheyHave) {
  role_of("manager", {Duty::users_manage, Duty::roles_manage, Duty::directory_read});
  const std::string ann = user("ann", {}, {"manager"}), bob = user("bob");
  const std::string root = user("root", {}, {"admin"});
  EXPECT_TRUE(gives(ann, bob, {"manager"}));
  for (const std::string more : {"admin", "auditor"}) {
    const Status refused = gives(ann, bob, {more});
    EXPECT_EQ(refused.error().code, ErrorCode::forbidden) << more;
    EXPECT_EQ(gives(ann, ann, {"manager", more}).error().code, ErrorCode::forbidden);
  }
  EXPECT_EQ(gives(ann, bob, {"king"}).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(shapes(ann, "reporter", {Duty::directory_read}));
  EXPECT_EQ(shapes(ann, "spy", {Duty::audit_read}).error().code, ErrorCode::forbidden);
  EXPECT_EQ(shapes(ann, "manager", {Duty::audit_read}).error().code, ErrorCode::forbidden);
  EXPECT_EQ(shapes(ann, "auditor", {}).error().code, ErrorCode::forbidden);
  EXPECT_TRUE(outranks(ann, bob));
  EXPECT_EQ(outranks(ann, root).error().code, ErrorCode::forbidden);
  EXPECT_TRUE(outranks(root, ann));
  EXPECT_EQ(outranks(root, "usr_none").error().code, ErrorCode::not_found);
}

TEST_F(RolesTest, AdministratorsAppointOthersAndNotThemselves) {
  const std::string root = user("root", {}, {"admin"}), bob = user("bob");
  EXPECT_FALSE(who(root).may(Duty::audit_read_personal));
  EXPECT_TRUE(gives(root, bob, {"auditor"}));
  EXPECT_EQ(gives(root, root, {"admin", "auditor"}).error().code, ErrorCode::forbidden);
  role_of("extra", {});
  UserChange both;
  both.roles = std::vector<std::string>{"admin", "extra"};
  must(change(root, both));
  EXPECT_EQ(shapes(root, "extra", {Duty::audit_read_personal}).error().code, ErrorCode::forbidden);
  EXPECT_TRUE(shapes(root, "other", {Duty::audit_read_personal}));
}

TEST_F(RolesTest, CustomOnesDoNotMakeTheLastAdministrator) {
  role_of("deputy", DutySet::all());
  const std::string root = user("root", {}, {"admin"});
  user("ann", {}, {"deputy"});
  UserChange none;
  none.roles = std::vector<std::string>();
  EXPECT_EQ(change(root, none).error().code, ErrorCode::conflict);
}

int step_count() {
  const char* wanted = std::getenv("WENYUAN_ROLE_STEPS");
  return wanted == nullptr ? 200 : std::atoi(wanted);
}

// Random people with random roles try random things; what is let through never raises them.
TEST_F(RolesTest, NoWayOfManagingRolesRaisesOneself) {
  std::mt19937 random(2026);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const auto some_duties = [&] {
    DutySet set;
    for (std::size_t at = 0; at < kDutyCount; ++at) {
      if (below(3) == 0) set.add(static_cast<Duty>(at));
    }
    return set;
  };
  std::vector<std::string> names = {"admin", "auditor", "reader"};
  for (int i = 0; i < 5; ++i) {
    names.push_back(role_of("custom" + std::to_string(i), some_duties()));
  }
  std::vector<std::string> people = {user("root", {}, {"admin"})};
  for (int i = 0; i < 5; ++i) {
    people.push_back(user("user" + std::to_string(i), {}, {names[1 + below(names.size() - 1)]}));
  }
  int let_through = 0;
  for (int step = 0; step < step_count(); ++step) {
    const std::string& actor = people[below(people.size())];
    const DutySet before = who(actor).duties;
    if (below(2) == 0) {
      const std::string& other = people[below(people.size())];
      std::vector<std::string> wanted = {names[below(names.size())], names[below(names.size())]};
      if (!outranks(actor, other) || !gives(actor, other, wanted)) continue;
      EXPECT_TRUE(actor == other || who(actor).acts_as("admin") ||
                  before.has_all(who(other).duties));
      UserChange roles;
      roles.roles = std::move(wanted);
      if (!change(other, roles)) continue;  // the last administrator
    } else {
      const std::string& name = names[3 + below(names.size() - 3)];
      const DutySet wanted = some_duties();
      if (!shapes(actor, name, wanted)) continue;
      must(reshape(name, wanted));
    }
    ++let_through;
    EXPECT_TRUE(before.has_all(who(actor).duties)) << step;
  }
  EXPECT_GT(let_through, 20);
}

}  // namespace
}  // namespace wenyuan::auth
