// What validation promises: a policy that passes does not fail when it is evaluated, and one that
// it says never holds never does.
#include <gtest/gtest.h>

#include <iostream>

#include "auth/cedar/evaluator.h"
#include "auth/cedar/parser.h"
#include "auth/cedar/schema_conformance.h"
#include "auth/cedar/validator.h"
#include "tests/auth/cedar/random_schema_world.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::string_view kSchema = R"(
  entity Group in [Group];
  entity Color enum ["red", "green"];
  entity User in [Group] = {
    name: String, nickname?: String, age: Long, boss?: User, favourite?: Color, admin?: Bool,
    home: { city: String, street?: String, geo?: { lat: Long, lon?: Long } },
    seen: datetime, pause?: duration, address?: ipaddr, score: decimal,
    friends: Set<User>, may?: Set<Action>
  } tags Set<String>;
  entity Robot in [Group] = { name: String, owner?: User } tags Long;
  entity Folder in [Folder, Group] = { owner: User };
  entity Document in [Folder] = {
    owner: User, readers: Set<User>, size: Long, parts: Set<{ a: Long, b?: String }>, meta?: Meta
  };
  type Meta = { by: User, at?: datetime };
  action all;
  action some in all;
  action view, edit in some appliesTo {
    principal: [User, Robot], resource: [Document, Folder],
    context: { mfa: Bool, from?: ipaddr, limit: { pages?: Long, who?: User }, now: datetime }
  };
  action scan in all appliesTo { principal: Robot, resource: Document, context: Meta };
  action paint appliesTo { principal: User, resource: Color };
)";

struct World {
  std::vector<Entity> listed;
  Entities entities;
  Request request;
};

std::vector<World> worlds(const Schema& schema, testing::RandomSchemaWorld& random,
                          std::size_t count) {
  std::vector<World> made(count);
  for (World& world : made) {
    world.listed = random.entities();
    const Status listed = check_entities(world.listed, schema);
    EXPECT_TRUE(listed) << listed.error().message;
    world.entities = *Entities::make(world.listed);
    world.request = random.request();
    const Status status = check_request(world.request, schema);
    EXPECT_TRUE(status) << status.error().message;
  }
  return made;
}

TEST(ValidatorSoundness, APolicyThatPassesDoesNotFail) {
  const auto schema = Schema::parse(kSchema);
  ASSERT_TRUE(schema) << schema.error().message;
  testing::RandomSchemaWorld random(*schema, 4711);
  const std::vector<World> all = worlds(*schema, random, 60);
  std::size_t passed = 0, refused = 0, never = 0, held = 0, failed_unchecked = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random.policy();
    const auto policy = parse_policy(text);
    ASSERT_TRUE(policy) << policy.error().message << "\n" << text;
    const ValidationReport report = validate(*policy, *schema);
    ++(report.passed() ? passed : refused);
    if (!report.warnings.empty()) ++never;
    for (std::size_t j = 0; j < 20; ++j) {
      const World& world = all[(static_cast<std::size_t>(i) * 20 + j) % all.size()];
      const auto holds = Evaluator(world.request, world.entities).satisfies(*policy);
      if (!report.passed()) {
        if (!holds) ++failed_unchecked;
        continue;
      }
      ASSERT_TRUE(holds) << holds.error().message << "\n" << text;
      if (!*holds) continue;
      ++held;
      ASSERT_TRUE(report.warnings.empty()) << text;
    }
  }
  std::cout << passed << " policies passed and " << refused << " were refused; " << never
            << " never hold; " << held << " evaluations held, " << failed_unchecked
            << " of refused policies failed\n";
  EXPECT_GT(passed, 5000u);
  EXPECT_GT(refused, 2000u);
  EXPECT_GT(never, 200u);
  EXPECT_GT(held, 5000u);
  EXPECT_GT(failed_unchecked, 1000u);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
