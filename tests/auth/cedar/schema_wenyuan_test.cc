#include "auth/cedar/schema_wenyuan.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "auth/cedar/parser.h"
#include "auth/cedar/schema.h"
#include "auth/cedar/schema_conformance.h"
#include "auth/cedar/validator.h"
#include "tests/paths.h"

namespace wenyuan::auth::cedar {
namespace {

const store::AccessAttributes kAccess = {"department", "project", "region", "sensitivity"};

Schema usual_schema() {
  const auto text = schema_text(usual_attributes(kAccess));
  EXPECT_TRUE(text) << text.error().message;
  auto schema = Schema::parse(*text);
  EXPECT_TRUE(schema) << schema.error().message;
  return *std::move(schema);
}

std::string error_of(std::string_view text) {
  const auto policies = parse_policies(text);
  if (!policies) return policies.error().message;
  const ValidationReport report = validate(*policies, usual_schema());
  return report.passed() ? "" : report.errors.front().message;
}

TEST(SchemaWenyuan, IsTheFileForTheAttributesOfANewInstallation) {
  std::ifstream file(project_dir() / "schema/cedar/wenyuan.cedarschema");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), *schema_text(usual_attributes(kAccess)));
}

TEST(SchemaWenyuan, LetsPoliciesOfACompanyPass) {
  EXPECT_EQ(error_of(R"(
    permit(principal, action == Action::"read", resource) when {
      principal has department && resource has department &&
      principal.department == resource.department &&
      principal has clearance && resource has sensitivity &&
      principal.clearance >= resource.sensitivity
    };
    permit(principal in Group::"grp_legal", action in Action::"access",
           resource in Collection::"col_contracts");
    forbid(principal, action, resource) when { resource has sensitivity && resource.sensitivity >= 3 }
      unless { context.second_factor };
    forbid(principal, action, resource) unless {
      context has address && context.address.isInRange(ip("10.0.0.0/8")) };
    permit(principal in Role::"auditor", action == Action::"read", resource) when {
      context.now < datetime("2027-01-01") };
    permit(principal, action, resource) when { resource.owner == principal };
  )"),
            "");
}

TEST(SchemaWenyuan, RefusesAttributesThatLabelsDoNotHave) {
  EXPECT_EQ(error_of("permit(principal, action, resource) when { resource.title == \"x\" };"),
            "there is no attribute `title` in `Collection`");
  EXPECT_EQ(error_of("permit(principal, action, resource) when { resource.region == \"x\" };"),
            "the attribute `region` is optional in `Collection`; ask for it before, with `has`");
}

TEST(SchemaWenyuan, MakesEntitiesThatFollowIt) {
  const SchemaAttributes attributes = usual_attributes(kAccess);
  const Schema schema = usual_schema();
  Principal principal;
  principal.user_id = "usr_1";
  principal.username = "ada";
  principal.roles = {"auditor"};
  principal.group_ids = {"grp_1"};
  principal.attributes = {
      {"clearance", "secret"}, {"department", "law"}, {"shoe_size", std::int64_t{7}}};
  const auto user = user_entity(principal, attributes);
  ASSERT_TRUE(user) << user.error().message;
  EXPECT_TRUE(check_entities({&*user, 1}, schema));
  EXPECT_EQ(*user->attributes.find("clearance")->as_integer(), 3);
  EXPECT_EQ(user->attributes.find("shoe_size"), nullptr);

  Label label;
  label.id = 7;
  label.collection_id = "col_1";
  label.collection_kind = CollectionKind::organization;
  label.owner_id = "usr_2";
  label.attributes = {{"sensitivity", "public"}, {"region", "eu"}};
  const auto resource = resource_entity(label, attributes);
  ASSERT_TRUE(resource) << resource.error().message;
  EXPECT_TRUE(check_entities({&*resource, 1}, schema));
  EXPECT_EQ(*resource->attributes.find("sensitivity")->as_integer(), 0);
  EXPECT_EQ(*resource->attributes.find("kind")->as_string(), "organization");
  EXPECT_EQ(resource->parents, (std::vector<EntityUid>{{"Collection", "col_1"}}));

  Collection collection;
  collection.id = "col_1";
  collection.owner_id = "usr_2";
  const auto whole = collection_entity(collection, attributes);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(check_entities({&*whole, 1}, schema));

  Circumstances circumstances;
  circumstances.address = parse_ip_address("10.1.2.3");
  const Request request{user->uid, action_uid(Action::read), resource->uid,
                        context_record(circumstances)};
  const Status status = check_request(request, schema);
  EXPECT_TRUE(status) << status.error().message;
}

TEST(SchemaWenyuan, RefusesAValueOfAnotherKind) {
  Label label;
  label.attributes = {{"sensitivity", "top secret"}};
  const SchemaAttributes attributes = usual_attributes(kAccess);
  EXPECT_EQ(resource_entity(label, attributes).error().message,
            "the attribute \"sensitivity\" has to be public, internal, confidential, secret or a "
            "whole number");
  label.attributes = {{"region", std::int64_t{5}}};
  EXPECT_EQ(resource_entity(label, attributes).error().message,
            "the attribute \"region\" has to be a text");
}

TEST(SchemaWenyuan, KnowsEveryKindOfAttribute) {
  const SchemaAttributes attributes{
      {{"skills", AttributeKind::texts}, {"external", AttributeKind::boolean}},
      {{"in", AttributeKind::integer}, {"tags", AttributeKind::texts}}};
  const auto text = schema_text(attributes);
  ASSERT_TRUE(text) << text.error().message;
  const auto schema = Schema::parse(*text);
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ(describe(*schema->entity_type("Document")->shape),
            "{in?: Long, kind: String, owner: User, tags?: Set<String>}");
  Label label;
  label.attributes = {{"in", std::int64_t{3}}, {"tags", "one"}};
  const auto resource = resource_entity(label, attributes);
  ASSERT_TRUE(resource) << resource.error().message;
  EXPECT_EQ(resource->attributes.find("tags")->as_set()->size(), 1u);
}

TEST(SchemaWenyuan, RefusesNamesThatCannotBe) {
  EXPECT_FALSE(schema_text({{}, {{"owner", AttributeKind::text}}}));
  EXPECT_FALSE(schema_text({{{"a", AttributeKind::text}, {"a", AttributeKind::level}}, {}}));
  EXPECT_FALSE(schema_text({{{"Not Good", AttributeKind::text}}, {}}));
}

TEST(SchemaWenyuan, KnowsAPolicyThatNamesADocument) {
  const auto names = [](std::string_view text) { return names_a_document(*parse_policy(text)); };
  EXPECT_TRUE(names("permit(principal, action, resource == Document::\"doc_1\");"));
  EXPECT_TRUE(
      names("permit(principal, action, resource) when { [Document::\"d\"].contains(resource) };"));
  EXPECT_FALSE(names("permit(principal, action, resource in Collection::\"c\");"));
}

}  // namespace
}  // namespace wenyuan::auth::cedar
