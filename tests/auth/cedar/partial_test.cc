#include "auth/cedar/partial.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "auth/cedar/parser.h"
#include "tests/auth/cedar/random_cedar.h"

namespace wenyuan::auth::cedar {
namespace {

// WY_CEDAR_RANDOM_COUNT asks for more than the usual number of triples.
std::size_t triple_count() {
  const char* const asked = std::getenv("WY_CEDAR_RANDOM_COUNT");  // NOLINT: a test of one thread
  return asked == nullptr ? 20'000 : std::stoul(asked);
}

PolicySet parsed(std::string_view text) {
  auto policies = parse_policies(text);
  EXPECT_TRUE(policies) << policies.error().message;
  return policies ? *std::move(policies) : PolicySet();
}

Entity document(std::string id, std::string department) {
  Entity made;
  made.uid = {"Doc", std::move(id)};
  made.attributes = Record({{"department", Value(std::move(department))}});
  made.parents = {{"Folder", "inner"}};
  return made;
}

Entities folders() {
  Entity alice{{"User", "alice"}, Record({{"department", Value(std::string("law"))}}), {}, {}};
  Entity inner{{"Folder", "inner"}, {}, {}, {{"Folder", "outer"}}};
  auto entities = Entities::make({alice, inner});
  EXPECT_TRUE(entities) << entities.error().message;
  return *std::move(entities);
}

const PartialRequest kAliceReads{{"User", "alice"}, {"Action", "read"}, {}};

TEST(CedarPartial, DecidesWhatDependsOnTheResource) {
  const PolicySet policies = parsed(
      "permit(principal, action, resource in Folder::\"outer\")"
      " when { principal.department == resource.department };"
      "forbid(principal, action == Action::\"write\", resource);");
  const Entities entities = folders();
  const Residual residual(policies, kAliceReads, entities);
  EXPECT_EQ(residual.open_policy_count(), 1u);
  EXPECT_EQ(residual.settled(), std::nullopt);
  ResourceDecider decider(residual);
  const auto law = decider.decide(document("1", "law"));
  const auto sales = decider.decide(document("2", "sales"));
  ASSERT_TRUE(law && sales);
  EXPECT_EQ(*law, Decision::allow);
  EXPECT_EQ(*sales, Decision::deny);
  const auto why = decider.explain(document("1", "law"));
  ASSERT_TRUE(why);
  EXPECT_EQ(why->reasons, std::vector<std::string>{"policy0"});
}

TEST(CedarPartial, KnowsWhatNoResourceCanChange) {
  const Entities entities = folders();
  const PolicySet none = parsed("permit(principal == User::\"bob\", action, resource);");
  EXPECT_EQ(Residual(none, kAliceReads, entities).settled(), Decision::deny);
  const PolicySet all = parsed("permit(principal, action, resource);");
  EXPECT_EQ(Residual(all, kAliceReads, entities).settled(), Decision::allow);
  const PolicySet failing = parsed(
      "permit(principal, action, resource);"
      "forbid(principal, action, resource) when { principal.rank > 3 };");
  EXPECT_EQ(Residual(failing, kAliceReads, entities).settled(), Decision::deny);
  EXPECT_EQ(Residual(failing, kAliceReads, entities, ErrorRule::skip_policy).settled(),
            Decision::allow);
}

TEST(CedarPartial, DeniesWhenAForbidFailsForTheResource) {
  const PolicySet policies = parsed(
      "permit(principal, action, resource);"
      "forbid(principal, action, resource) when { resource.level > 3 };");
  const Entities entities = folders();
  const Residual residual(policies, kAliceReads, entities);
  ResourceDecider decider(residual);
  const auto response = decider.explain(document("1", "law"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->decision, Decision::deny);
  EXPECT_EQ(response->reasons, std::vector<std::string>{"policy1"});
  ASSERT_EQ(response->errors.size(), 1u);
  EXPECT_EQ(response->errors[0].message,
            "line 1, column 80: Doc::\"1\" has no attribute \"level\"");
}

TEST(CedarPartial, RefusesAResourceThatIsItsOwnAncestor) {
  const PolicySet policies = parsed("permit(principal, action, resource);");
  const auto entities = Entities::make({{{"Folder", "x"}, {}, {}, {{"Doc", "1"}}}});
  ASSERT_TRUE(entities);
  const Residual residual(policies, kAliceReads, *entities);
  Entity resource = document("1", "law");
  resource.parents = {{"Folder", "x"}};
  const auto decision = ResourceDecider(residual).decide(resource);
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().message, "Doc::\"1\" is its own ancestor");
}

void expect_equal(const Response& found, const Response& wanted, const std::string& about) {
  ASSERT_EQ(found.decision, wanted.decision) << about;
  ASSERT_EQ(found.reasons, wanted.reasons) << about;
  ASSERT_EQ(found.errors.size(), wanted.errors.size()) << about;
  for (std::size_t i = 0; i < wanted.errors.size(); ++i) {
    ASSERT_EQ(found.errors[i].policy_id, wanted.errors[i].policy_id) << about;
    ASSERT_EQ(found.errors[i].message, wanted.errors[i].message) << about;
  }
}

// The entities but the resource, and the resource; sometimes it stays among them.
std::pair<std::vector<Entity>, Entity> apart(std::vector<Entity> all, const EntityUid& uid,
                                             bool keep) {
  Entity resource;
  resource.uid = uid;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].uid != uid) continue;
    resource = all[i];
    if (!keep) all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  return {std::move(all), std::move(resource)};
}

TEST(CedarPartial, IsEqualToFullEvaluation) {
  constexpr std::size_t kResources = 10;
  const std::size_t count = triple_count();
  std::size_t allowed = 0, failed = 0, open = 0;
  for (std::size_t done = 0; done < count; done += kResources) {
    testing::RandomCedar random(done + 1'000'000'007);
    const std::string text = random.policies(1 + random.below(8));
    const PolicySet policies = parsed(text);
    const std::vector<Entity> all = random.entities();
    const Request asked = random.request();
    const ErrorRule rule = random.chance(0.7) ? ErrorRule::forbid_denies : ErrorRule::skip_policy;
    auto [rest, resource] = apart(all, asked.resource, random.chance(0.1));
    const auto known = Entities::make(rest);
    ASSERT_TRUE(known) << known.error().message;
    const Residual residual(policies, {asked.principal, asked.action, asked.context}, *known, rule);
    open += residual.open_policy_count();
    ResourceDecider decider(residual);
    for (std::size_t i = 0; i < kResources; ++i) {
      const std::string about = "seed " + std::to_string(done) + "\n" + text;
      // Other attributes and parents for the same uid, as labels of one collection have.
      if (i > 0 && known->find(resource.uid) == nullptr) {
        for (const Entity& each : random.entities()) {
          if (each.uid.type == resource.uid.type) {
            const EntityUid uid = resource.uid;
            resource = each;
            resource.uid = uid;
          }
        }
        std::erase_if(resource.parents, [&](const EntityUid& uid) { return uid == resource.uid; });
      }
      std::vector<Entity> whole = rest;
      if (known->find(resource.uid) == nullptr) whole.push_back(resource);
      const auto entities = Entities::make(whole);
      const auto found = decider.explain(resource);
      const auto decision = decider.decide(resource);
      ASSERT_EQ(entities.has_value(), found.has_value()) << about;
      if (!entities) continue;
      const Request request{asked.principal, asked.action, resource.uid, asked.context};
      const Response wanted = authorize(policies, request, *entities, rule);
      expect_equal(*found, wanted, about);
      ASSERT_EQ(*decision, wanted.decision) << about;
      allowed += wanted.decision == Decision::allow ? 1 : 0;
      failed += wanted.errors.empty() ? 0 : 1;
    }
  }
  std::cout << count << " triples: " << allowed << " allowed, " << failed << " with errors, "
            << open << " policies left open\n";
  EXPECT_GT(allowed, count / 20);
  EXPECT_GT(failed, count / 10);
  EXPECT_GT(open, count / 20);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
