#include "auth/cedar/validator.h"

#include <gtest/gtest.h>

#include <string>

#include "auth/cedar/parser.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::string_view kSchema = R"(
  entity Group in [Group];
  entity User in [Group] = {
    name: String,
    age: Long,
    nickname?: String,
    boss?: User,
    home: { city: String, street?: String },
    seen: datetime,
  } tags String;
  entity Robot = { name: String };
  entity Folder in [Folder] = { owner: User };
  entity Document in [Folder] = {
    owner: User, readers: Set<User>, size: Long, draft?: Bool, score: decimal
  };
  entity Color enum ["red", "green"];
  action all;
  action view, edit in [all] appliesTo {
    principal: [User], resource: [Document, Folder],
    context: { mfa: Bool, ip?: ipaddr, limit: { pages?: Long } }
  };
  action scan appliesTo { principal: [Robot], resource: [Document], context: {} };
  namespace Other { entity Thing; action go appliesTo { principal: Thing, resource: Thing }; }
)";

const Schema& schema() {
  static const Schema made = *Schema::parse(kSchema);
  return made;
}

ValidationReport report_of(const std::string& text) {
  const auto policies = parse_policies(text);
  if (!policies) {
    ADD_FAILURE() << policies.error().message;
    return {};
  }
  return validate(*policies, schema());
}

// The first error, without its place; empty when there is none.
std::string error_of(const std::string& text) {
  const ValidationReport report = report_of(text);
  return report.passed() ? "" : report.errors.front().message;
}

// Of a condition on viewing documents.
std::string when(const std::string& condition) {
  return error_of(
      "permit(principal is User, action == Action::\"view\", resource is Document) "
      "when { " +
      condition + " };");
}

TEST(Validator, SaysWhichPolicyAndWhere) {
  const ValidationReport report = report_of(
      "permit(principal, action == Action::\"view\", resource);\n"
      "permit(principal, action == Action::\"view\", resource)\nwhen { principal.nam == \"x\" };");
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(to_text(report.errors.front()),
            "policy1, line 3, column 8: there is no attribute `nam` in `User`; did you mean "
            "`name`?");
}

TEST(Validator, AcceptsWhatIsSound) {
  EXPECT_EQ(when("principal.age > 3 && principal.name like \"a*\" || context.mfa"), "");
  EXPECT_EQ(when("principal in Group::\"g\" && resource.readers.contains(principal)"), "");
  EXPECT_EQ(when("resource.owner == principal && principal.home.city == \"x\""), "");
  EXPECT_EQ(when("resource.score.lessThan(decimal(\"1.5\")) && principal.seen < "
                 "datetime(\"2026-01-01\")"),
            "");
  EXPECT_EQ(when("context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\"))"), "");
  EXPECT_EQ(when("{a: 1, b: [principal]}.b.contains(resource.owner)"), "");
}

TEST(Validator, FindsNamesThatAreNotDeclared) {
  EXPECT_EQ(error_of("permit(principal == Usr::\"a\", action, resource);"),
            "the entity type `Usr` is not in the schema; did you mean `User`?");
  EXPECT_EQ(error_of("permit(principal, action == Action::\"vew\", resource);"),
            "the action Action::\"vew\" is not in the schema; did you mean `Action::\"view\"`?");
  EXPECT_EQ(when("principal in Nothing::\"x\""), "the entity type `Nothing` is not in the schema");
  EXPECT_EQ(when("resource is Docment"),
            "the entity type `Docment` is not in the schema; did you mean `Document`?");
  EXPECT_EQ(when("Color::\"blue\" == Color::\"red\""),
            "there is no Color::\"blue\"; there are Color::\"red\", Color::\"green\"");
  EXPECT_EQ(when("Color::\"green\" == Color::\"red\""), "");
}

TEST(Validator, WantsAGuardBeforeAnOptionalAttribute) {
  const std::string problem =
      "the attribute `nickname` is optional in `User`; ask for it before, "
      "with `has`";
  EXPECT_EQ(when("principal.nickname == \"x\""), problem);
  EXPECT_EQ(when("principal has nickname && principal.nickname == \"x\""), "");
  EXPECT_EQ(when("principal[\"nickname\"] == \"x\" && principal has nickname"), problem);
  EXPECT_EQ(when("principal has nickname || principal.nickname == \"x\""), problem);
  EXPECT_EQ(when("(principal has nickname || context.mfa) && principal.nickname == \"x\""),
            problem);
  EXPECT_EQ(when("(principal has nickname && context.mfa || principal has nickname) && "
                 "principal.nickname == \"x\""),
            "");
  EXPECT_EQ(when("if principal has nickname then principal.nickname == \"x\" else false"), "");
  EXPECT_EQ(when("if principal has nickname then true else principal.nickname == \"x\""), problem);
  EXPECT_EQ(when("!(principal has nickname) || principal.nickname == \"x\""), problem);
  EXPECT_EQ(when("resource.owner has nickname && principal.nickname == \"x\""), problem);
}

TEST(Validator, CarriesAGuardFromOneConditionToTheNext) {
  const std::string head = "permit(principal is User, action == Action::\"view\", resource) ";
  EXPECT_EQ(error_of(head + "when { principal has nickname } when { principal.nickname == \"\" };"),
            "");
  EXPECT_NE(error_of(head + "unless { principal has nickname } "
                            "when { principal.nickname == \"\" };"),
            "");
}

TEST(Validator, UnderstandsAGuardOfAPath) {
  EXPECT_EQ(when("principal has boss.boss.nickname && principal.boss.boss.nickname == \"x\""), "");
  EXPECT_EQ(when("principal has boss.boss.nickname && principal.boss.nickname == \"x\""),
            "the attribute `nickname` is optional in `User`; ask for it before, with `has`");
  EXPECT_EQ(when("principal has home.street && principal.home.street == \"x\""), "");
  EXPECT_EQ(when("principal has name.street"), "expected an entity or a record, found String");
  EXPECT_EQ(when("principal has nothing.street && principal.nothing"), "");
  EXPECT_EQ(when("context has limit.pages && context.limit.pages > 3"), "");
}

TEST(Validator, WantsAGuardBeforeATag) {
  EXPECT_EQ(when("principal.hasTag(\"a\") && principal.getTag(\"a\") == \"x\""), "");
  EXPECT_EQ(when("principal.getTag(\"a\") == \"x\""),
            "the tag \"a\" may not be there; ask for it before, with `hasTag`");
  EXPECT_EQ(when("principal.hasTag(\"b\") && principal.getTag(\"a\") == \"x\""),
            "the tag \"a\" may not be there; ask for it before, with `hasTag`");
  EXPECT_EQ(when("principal.hasTag(principal.name) && principal.getTag(principal.name) == \"\""),
            "");
  EXPECT_EQ(when("principal has a && principal.getTag(\"a\") == \"x\""), "");
  // Documents have no tags, so what follows is never evaluated.
  EXPECT_EQ(when("resource.hasTag(\"a\") && resource.getTag(\"a\") == 5"), "");
  EXPECT_EQ(when("principal.hasTag(1)"), "expected a String, found Long");
}

TEST(Validator, SkipsWhatIsNeverEvaluated) {
  EXPECT_EQ(when("false && principal.nothing"), "");
  EXPECT_EQ(when("true || principal.nothing"), "");
  EXPECT_EQ(when("if false then principal.nothing else true"), "");
  EXPECT_EQ(when("resource is Folder && resource.nothing"), "");
  EXPECT_EQ(when("principal in Folder::\"a\" && principal.nothing"), "");
  EXPECT_EQ(when("action == Action::\"edit\" && principal.nothing"), "");
  EXPECT_EQ(when("action in [Action::\"edit\"] && principal.nothing"), "");
  EXPECT_EQ(when("action in Action::\"all\" && principal.nothing"),
            "there is no attribute `nothing` in `User`");
  EXPECT_EQ(when("1 == 2 && principal.nothing"), "");
  EXPECT_EQ(when("1 == \"a\" || context.mfa"), "");
  EXPECT_EQ(when("(true && false) == false && context.mfa"), "");
}

TEST(Validator, RefusesToCompareWhatCanNeverBeEqual) {
  EXPECT_EQ(when("principal.name == 5"),
            "these can never be equal: expected two values of one type, found String and Long");
  EXPECT_EQ(when("principal.home == {city: \"x\"}"),
            "these can never be equal: expected two values of one type, found {city: String, "
            "street?: String} and {city: String}: both records need exactly the same attributes");
  EXPECT_EQ(when("principal.home == {city: \"x\", street: \"y\"}"),
            "these can never be equal: expected two values of one type, found {city: String, "
            "street?: String} and {city: String, street: String}: an attribute must be optional in "
            "both records or in none");
  // Entities of different types are never equal, which is no error.
  EXPECT_EQ(when("principal == resource || context.mfa"), "");
  EXPECT_EQ(when("resource.readers.contains(resource)"),
            "these can never be equal: expected two values of one type, found User and Document: "
            "only entities of the same type may stand in one place");
  EXPECT_EQ(when("resource.readers.containsAny([1])"),
            "these can never be equal: expected two values of one type, found Set<User> and "
            "Set<Long>");
}

TEST(Validator, WantsOneTypeInSetsAndConditionals) {
  EXPECT_EQ(when("[1, \"a\"].contains(1)"),
            "all elements of a set need one type, found Long and String");
  EXPECT_EQ(when("[principal, resource].contains(principal)"),
            "all elements of a set need one type, found User and Document: only entities of the "
            "same type may stand in one place");
  EXPECT_EQ(when("[].isEmpty()"),
            "the type of an empty set cannot be known; it may not stand here");
  EXPECT_EQ(when("(if context.mfa then 1 else \"a\") == 1"),
            "both sides of an `if` need one type, found Long and String");
  EXPECT_EQ(when("[true, false, context.mfa].contains(true)"), "");
}

TEST(Validator, KnowsWhatOperatorsWant) {
  EXPECT_EQ(when("principal.age"), "expected a Bool, found Long");
  EXPECT_EQ(when("!principal.age"), "expected a Bool, found Long");
  EXPECT_EQ(when("principal.age + principal.name == 1"), "expected a Long, found String");
  EXPECT_EQ(when("-principal.name == 1"), "expected a Long, found String");
  EXPECT_EQ(when("principal.age < principal.name"), "expected Long, found String");
  EXPECT_EQ(when("principal.seen <= principal.age"), "expected datetime, found Long");
  EXPECT_EQ(when("principal.name > principal.name"),
            "expected two values of Long, of datetime or of duration, found String and String");
  EXPECT_EQ(when("resource.score < decimal(\"1.0\")"),
            "expected two values of Long, of datetime or of duration, found decimal and decimal");
  EXPECT_EQ(when("principal.age like \"a\""), "expected a String, found Long");
  EXPECT_EQ(when("principal.age in principal"), "expected an entity, found Long");
  EXPECT_EQ(when("principal in \"a\""), "expected an entity or a Set of entities, found String");
  EXPECT_EQ(when("principal in [1]"), "expected an entity or a Set of entities, found Set<Long>");
  EXPECT_EQ(when("principal.name is User"), "expected an entity, found String");
  EXPECT_EQ(when("principal.age.contains(1)"), "expected a Set, found Long");
  EXPECT_EQ(when("principal.age.isEmpty()"), "expected a Set, found Long");
  EXPECT_EQ(when("principal.age.x"), "expected an entity or a record, found Long");
  EXPECT_EQ(when("principal.age has x"), "expected an entity or a record, found Long");
  EXPECT_EQ(when("action.x == 1"), "there is no attribute `x` in `Action`");
  EXPECT_EQ(when("action has x"), "");
}

TEST(Validator, WantsLiteralsInConstructors) {
  EXPECT_EQ(when("ip(principal.name).isIpv4()"), "`ip` takes a string that is written out");
  EXPECT_NE(when("ip(\"1.2.3\").isIpv4()"), "");
  EXPECT_NE(when("decimal(\"1\").lessThan(decimal(\"1.0\"))"), "");
  EXPECT_NE(when("datetime(\"2026-13-01\") < principal.seen"), "");
  EXPECT_NE(when("duration(\"1y\") < duration(\"1d\")"), "");
  EXPECT_EQ(when("ip(1).isIpv4()"), "expected String, found Long");
  EXPECT_EQ(when("resource.score.isIpv4()"), "expected ipaddr, found decimal");
  EXPECT_EQ(when("principal.seen.offset(duration(\"1h\")).toDate() == principal.seen"), "");
  EXPECT_EQ(when("principal.seen.durationSince(principal.seen).toDays() > 3"), "");
}

TEST(Validator, WantsAnActionThatFitsTheHead) {
  EXPECT_EQ(error_of("permit(principal is Robot, action == Action::\"view\", resource);"),
            "no action fits this policy: none that its head names applies to such a principal");
  EXPECT_EQ(error_of("permit(principal, action, resource is User);"),
            "no action fits this policy: none that its head names applies to such a resource");
  EXPECT_EQ(error_of("permit(principal is Robot, action, resource is Folder);"),
            "no action fits this policy: none that its head names applies to such a principal "
            "together with such a resource");
  EXPECT_EQ(error_of("permit(principal, action == Action::\"all\", resource);").substr(0, 25),
            "no action fits this polic");
  EXPECT_EQ(error_of("permit(principal in Group::\"a\", action in Action::\"all\", resource in "
                     "Folder::\"b\");"),
            "");
  EXPECT_EQ(error_of("permit(principal, action in [Action::\"view\", Other::Action::\"go\"], "
                     "resource);"),
            "actions of different namespaces cannot stand in one list");
  EXPECT_EQ(error_of("permit(principal is User in Folder::\"x\", action, resource);"),
            "no action fits this policy: none that its head names applies to such a principal");
}

TEST(Validator, WarnsOfAPolicyThatNeverHolds) {
  const auto warned = [](const std::string& text) {
    const ValidationReport report = report_of(text);
    EXPECT_TRUE(report.passed());
    return !report.warnings.empty();
  };
  const std::string head = "permit(principal is User, action, resource) ";
  EXPECT_TRUE(warned(head + "when { false };"));
  EXPECT_TRUE(warned(head + "when { resource is Color };"));
  EXPECT_TRUE(warned(head + "unless { true };"));
  EXPECT_FALSE(warned(head + "when { resource is Folder };"));
}

TEST(Validator, ChecksEveryKindOfRequestThatFits) {
  // Folders have no size, and may be viewed too.
  EXPECT_EQ(error_of("permit(principal, action == Action::\"view\", resource) when { resource.size "
                     "> 1 };"),
            "there is no attribute `size` in `Folder`");
  EXPECT_EQ(error_of("permit(principal, action == Action::\"view\", resource) when { resource is "
                     "Document && resource.size > 1 };"),
            "");
  EXPECT_EQ(error_of("permit(principal, action, resource is Document) when { context.mfa };"),
            "there is no attribute `mfa` in the record {}");
}

TEST(Validator, ChecksTemplatesAndWhatFillsThem) {
  const std::string good =
      "permit(principal in ?principal, action == Action::\"view\", resource == ?resource) when { "
      "principal.age > 1 };";
  EXPECT_EQ(error_of(good), "");
  EXPECT_EQ(error_of("permit(principal == ?principal, action, resource is Document in ?resource) "
                     "when { principal.seen == 1 };"),
            "these can never be equal: expected two values of one type, found datetime and Long");
  auto policies = parse_policies(good);
  ASSERT_TRUE(policies);
  ASSERT_TRUE(policies->link("policy0", "ok", {EntityUid{"Group", "g"}, EntityUid{"Folder", "f"}}));
  EXPECT_TRUE(validate(*policies, schema()).passed());
  ASSERT_TRUE(policies->link("policy0", "odd", {EntityUid{"Robot", "r"}, EntityUid{"Fold", "f"}}));
  const ValidationReport report = validate(*policies, schema());
  ASSERT_EQ(report.errors.size(), 2u);
  EXPECT_EQ(report.errors[0].policy_id, "odd");
  EXPECT_EQ(report.errors[0].message,
            "the entity type `Fold` is not in the schema; did you mean `Folder`?");
  EXPECT_EQ(report.errors[1].message.substr(0, 25), "no action fits this polic");
}

TEST(Validator, GivesUpOnWhatTakesTooLong) {
  std::string condition = "principal has a0";
  for (int i = 1; i < 3000; ++i) {
    condition.append(" || context.mfa && principal has nickname && principal.age > ");
    condition.append(std::to_string(i));
  }
  EXPECT_EQ(when(condition), "");
  std::string actions = "entity A;";
  for (int i = 0; i < 600; ++i) {
    actions.append("action a").append(std::to_string(i));
    actions.append(" appliesTo { principal: A, resource: A, context: {b: Bool} };");
  }
  const auto many = Schema::parse(actions);
  ASSERT_TRUE(many);
  std::string long_condition = "context.b";
  for (int i = 0; i < 40'000; ++i) long_condition.append(" || context.b");
  const auto policies =
      parse_policies("permit(principal, action, resource) when { " + long_condition + " };");
  ASSERT_TRUE(policies) << policies.error().message;
  const ValidationReport report = validate(*policies, *many);
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors.front().message, "this policy takes too long to be checked");
}

}  // namespace
}  // namespace wenyuan::auth::cedar
