#include "auth/attribute_kinds.h"

#include <gmock/gmock.h>

#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {
namespace {

using cedar::AttributeKind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

cedar::SchemaAttributes company() {
  const std::vector<std::string> levels = {"open", "internal", "restricted", "strict"};
  return {{{"badge", AttributeKind::level, levels},
           {"teams", AttributeKind::texts},
           {"grade", AttributeKind::integer},
           {"external", AttributeKind::boolean}},
          {{"class", AttributeKind::level, levels},
           {"team", AttributeKind::text},
           {"grade", AttributeKind::integer},
           {"until", AttributeKind::time}}};
}

AttributeKinds kinds() { return must(AttributeKinds::declared(company())); }

TEST(AttributeKinds, RefuseWhatIsNotOfItsKindAndSayWhatIs) {
  const AttributeKinds declared = kinds();
  const auto error = [&](AttributeOwner owner, const Attributes& values) {
    const Status fine = declared.check(owner, values);
    return fine ? std::string("fine") : fine.error().message;
  };
  using enum AttributeOwner;
  EXPECT_EQ(error(user, {{"badge", "strict"},
                         {"teams", std::vector<std::string>{"a"}},
                         {"grade", std::int64_t{3}},
                         {"external", true},
                         {"shoe", "any"}}),
            "fine");
  EXPECT_EQ(error(resource, {{"class", "open"}, {"until", "2026-12-31"}}), "fine");
  EXPECT_THAT(error(user, {{"badge", "secret"}}),
              HasSubstr("open, internal, restricted or strict"));
  EXPECT_THAT(error(user, {{"badge", std::int64_t{1}}}), HasSubstr("open"));
  EXPECT_THAT(error(user, {{"grade", "three"}}), HasSubstr("a whole number"));
  EXPECT_THAT(error(user, {{"external", "yes"}}), HasSubstr("true or false"));
  EXPECT_THAT(error(user, {{"teams", true}}), HasSubstr("a list of texts"));
  EXPECT_THAT(error(resource, {{"team", std::int64_t{1}}}), HasSubstr("a text"));
  EXPECT_THAT(error(resource, {{"until", "soon"}}), HasSubstr("2026-01-31"));
}

TEST(AttributeKinds, RefuseLevelsThatAreNone) {
  const auto fine = [](cedar::DeclaredAttribute attribute) {
    return AttributeKinds::declared({{std::move(attribute)}, {}}).has_value();
  };
  EXPECT_TRUE(fine({"a", AttributeKind::level, {}}));
  EXPECT_TRUE(fine({"a", AttributeKind::level, {"x", "y"}}));
  EXPECT_FALSE(fine({"a", AttributeKind::level, {"x"}}));
  EXPECT_FALSE(fine({"a", AttributeKind::level, {"x", "x"}}));
  EXPECT_FALSE(fine({"a", AttributeKind::level, {"x", ""}}));
  EXPECT_FALSE(fine({"a", AttributeKind::text, {"x", "y"}}));
  EXPECT_FALSE(fine({"id", AttributeKind::text, {}}));
}

class DeclaredKinds : public AuthTest {
 protected:
  DeclaredKinds() : AuthTest(kinds()) {}
};

TEST_F(DeclaredKinds, TheSchemaShowsThem) {
  EXPECT_THAT(engine_.policy_schema(),
              HasSubstr("class?: Long,  // open 0, internal 1, restricted 2, strict 3"));
  EXPECT_THAT(engine_.policy_schema(), HasSubstr("until?: datetime,"));
  EXPECT_THAT(engine_.policy_schema(), HasSubstr("teams?: Set<String>,"));
}

TEST_F(DeclaredKinds, BothFormsDecideByLevelsOfTheOwnersChoice) {
  const std::string root = user("root");
  const std::string low = user("low", {{"badge", "internal"}});
  const std::string high = user("high", {{"badge", "strict"}});
  const std::string box = organization(root, {{"class", "restricted"}});
  for (const char* text :
       {"allow if user.badge >= resource.class",
        "allow if user.badge > \"internal\" and resource.class in [\"restricted\", \"strict\"]",
        "allow if user.badge == \"strict\"",
        "permit(principal, action, resource) when { principal has badge && resource has class && "
        "principal.badge >= resource.class };"}) {
    const std::string id = policy(text);
    EXPECT_FALSE(may(low, Action::read, box)) << text;
    EXPECT_TRUE(may(high, Action::read, box)) << text;
    remove_policy(id);
  }
  const auto refused = write([&](store::Transaction& tx) {
    Policy wanted;
    wanted.name = "x";
    wanted.text = "allow if user.badge >= \"secret\"";
    return engine_.add_policy(tx, wanted, now_);
  });
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("one of open, internal, restricted, strict"));
}

TEST_F(DeclaredKinds, ListsNumbersAndTimesReachCedar) {
  const std::string root = user("root");
  const std::string ann =
      user("ann", {{"teams", std::vector<std::string>{"a", "b"}}, {"grade", std::int64_t{4}}});
  const std::string box =
      organization(root, {{"team", "b"}, {"grade", std::int64_t{3}}, {"until", "2999-01-01"}});
  policy(R"(permit(principal, action, resource) when {
    principal has teams && resource has team && principal.teams.contains(resource.team) &&
    principal has grade && resource has grade && principal.grade > resource.grade &&
    resource has until && context.now < resource.until };)");
  EXPECT_TRUE(may(ann, Action::read, box));
}

TEST_F(DeclaredKinds, AValueOfAnotherKindOpensNothingAndClosesWhatIsForbiddenByIt) {
  const std::string root = user("root");
  // As single sign-on could bring it.
  const std::string ann = user("ann", {{"badge", "emperor"}});
  const std::string box = organization(root, {{"class", "open"}});
  const std::string opens = policy("allow if user.badge >= resource.class");
  EXPECT_FALSE(may(ann, Action::read, box));
  remove_policy(opens);
  policy("allow if true");
  EXPECT_TRUE(may(ann, Action::read, box));
  policy("deny if user.badge < resource.class");
  EXPECT_FALSE(may(ann, Action::read, box));
}

TEST_F(DeclaredKinds, APolicyThatDoesNotFitAnyMoreIsNamedWithWhatItDoes) {
  const std::string permit = policy(
      "permit(principal, action, resource) when { principal has grade && principal.grade > 3 };");
  const std::string forbid = policy(
      "forbid(principal, action, resource) when { resource has team && resource.team == \"x\" };");
  const auto found = [&](const PolicyEngine& engine) {
    return must(read([&](store::Snapshot& s) { return engine.unreadable(s); }));
  };
  EXPECT_THAT(found(engine_), IsEmpty());
  cedar::SchemaAttributes changed = company();
  changed.user[2].kind = AttributeKind::text;
  changed.resource[1].kind = AttributeKind::texts;
  const PolicyEngine later(must(AttributeKinds::declared(changed)));
  auto unreadable = found(later);
  ASSERT_THAT(unreadable, SizeIs(2));
  if (unreadable[0].id == forbid) std::swap(unreadable[0], unreadable[1]);
  EXPECT_EQ(unreadable[0].id, permit);
  EXPECT_FALSE(unreadable[0].denies_everything);
  EXPECT_TRUE(unreadable[1].denies_everything);
  EXPECT_THAT(unreadable[1].error, HasSubstr("line 1, column"));
}

}  // namespace
}  // namespace wenyuan::auth
