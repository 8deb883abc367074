#include "auth/cedar/policies_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/cedar/formatter.h"
#include "tests/auth/cedar/corpus.h"
#include "tests/auth/cedar/random_cedar.h"

namespace wenyuan::auth::cedar {
namespace {

std::string message(std::string_view json) {
  const auto policies = parse_policies_json(json);
  return policies ? "parsed" : policies.error().message;
}

std::string message_of_body(const std::string& body) {
  return message(R"({"staticPolicies": {"p": {"effect": "permit", "principal": {"op": "All"},
      "action": {"op": "All"}, "resource": {"op": "All"},
      "conditions": [{"kind": "when", "body": )" +
                 body + "}]}}}");
}

// What is read from the JSON of a set writes the same JSON, and keeps every policy.
void expect_round_trip(const PolicySet& policies) {
  const std::string json = to_json(policies);
  const auto again = parse_policies_json(json);
  ASSERT_TRUE(again) << again.error().message << "\n" << json;
  ASSERT_EQ(to_json(*again), json);
  ASSERT_EQ(again->policies().size(), policies.policies().size());
  ASSERT_EQ(again->templates().size(), policies.templates().size());
}

TEST(CedarPoliciesJson, WritesCedarsFormat) {
  const auto policies = parse_policies(
      "@a(\"b\") permit(principal is U in G::\"g\", action in [Action::\"x\"], resource == "
      "R::\"1\")"
      " when { context has a.b || ip(\"::1\").isLoopback() };");
  ASSERT_TRUE(policies);
  const auto has = [](const char* left, const char* name) {
    return R"({"has": {"left": )" + std::string(left) + R"(, "attr": ")" + name + "\"}}";
  };
  const std::string body = R"({"||": {"left": {"&&": {"left": )" +
                           has(R"({"Var": "context"})", "a") + R"(, "right": )" +
                           has(R"({".": {"left": {"Var": "context"}, "attr": "a"}})", "b") +
                           R"(}}, "right": {"isLoopback": [{"ip": [{"Value": "::1"}]}]}}})";
  const auto wanted = nlohmann::json::parse(R"({"templates": {}, "templateLinks": [],
      "staticPolicies": {"policy0": {"effect": "permit", "annotations": {"a": "b"},
        "principal": {"op": "is", "entity_type": "U", "in": {"entity": {"type": "G", "id": "g"}}},
        "action": {"op": "in", "entity": {"type": "Action", "id": "x"}},
        "resource": {"op": "==", "entity": {"type": "R", "id": "1"}},
        "conditions": [{"kind": "when", "body": )" +
                                            body + "}]}}}");
  EXPECT_EQ(nlohmann::json::parse(to_json(*policies)), wanted);
}

TEST(CedarPoliciesJson, KeepsTemplatesAndTheirLinks) {
  auto policies = parse_policies("permit(principal == ?principal, action, resource in ?resource);");
  ASSERT_TRUE(policies);
  ASSERT_TRUE(policies->link("policy0", "mine", {EntityUid{"U", "u"}, EntityUid{"F", "f"}}));
  expect_round_trip(*policies);
  EXPECT_EQ(parse_policies_json(to_json(*policies))->find("mine")->resource.entities.at(0).id, "f");
}

TEST(CedarPoliciesJson, WritesALongChainWithoutGreatDepth) {
  std::string text = "permit(principal, action, resource) when { true";
  for (int i = 0; i < 20'000; ++i) text += " && true";
  const auto policies = parse_policies(text + " };");
  ASSERT_TRUE(policies);
  EXPECT_TRUE(parse_policies_json(to_json(*policies)));
}

TEST(CedarPoliciesJson, SaysWhatIsWrong) {
  EXPECT_EQ(message("[]"), "a set of policies is an object");
  EXPECT_EQ(message(R"({"staticPolicies": {"p": {}}})"),
            "policy \"p\": \"effect\" must be permit or forbid");
  EXPECT_EQ(message(R"({"staticPolicies": {"p": {"effect": "permit"}}})"),
            "policy \"p\": principal: it is missing");
  EXPECT_EQ(message_of_body("{}"),
            "policy \"p\": conditions: an expression is an object with one member");
  EXPECT_EQ(message_of_body(R"({"size": []})"),
            "policy \"p\": conditions: there is no expression or function \"size\"");
  EXPECT_EQ(message_of_body(R"({"==": {"left": {"Value": 1}}})"),
            "policy \"p\": conditions: \"right\" is missing");
  EXPECT_EQ(message_of_body(R"({"Value": 1.5})"),
            "policy \"p\": conditions: a number must be whole and fit into 64 bits");
  EXPECT_EQ(message_of_body(R"({"Value": [1, {"a": {"__extn": {"fn": "ip", "arg": "::1"}}}]})"),
            "parsed");
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += R"({"!": {"arg": )";
  EXPECT_EQ(message_of_body(deep + "1" + std::string(600, '}')),
            "policy \"p\": conditions: the expression is nested too deeply");
}

TEST(CedarPoliciesJson, KeepsRandomPolicies) {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    const auto policies = parse_policies(testing::RandomCedar(seed).policies(3));
    ASSERT_TRUE(policies);
    expect_round_trip(*policies);
  }
}

TEST(CedarPoliciesJson, KeepsTheWholeCorpus) {
  const auto corpus = testing::Corpus::unpack();
  if (!corpus) GTEST_SKIP() << "the corpus is not on this machine";
  corpus->for_each([](const testing::CorpusCase& set) {
    const auto policies = parse_policies(set.policies);
    ASSERT_TRUE(policies) << policies.error().message;
    expect_round_trip(*policies);
  });
}

}  // namespace
}  // namespace wenyuan::auth::cedar
