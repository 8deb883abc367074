// Cedar's own tests, decided by our engine in the mode that follows Cedar exactly.
#include "tests/auth/cedar/corpus.h"

#include <gtest/gtest.h>

#include <iostream>
#include <optional>

#include "auth/cedar/authorizer.h"
#include "auth/cedar/entities_json.h"
#include "auth/cedar/parser.h"
#include "auth/cedar/schema_reading.h"

namespace wenyuan::auth::cedar {
namespace {

struct Tally {
  std::size_t sets = 0;
  std::size_t requests = 0;
  std::size_t unsupported = 0;
};

std::set<std::string> error_ids(const Response& response) {
  std::set<std::string> ids;
  for (const PolicyError& error : response.errors) ids.insert(error.policy_id);
  return ids;
}

// The sets written by hand use short forms of JSON that only the schema explains.
enum class Reading { plain, by_schema };

Result<Request> request_of(const testing::CorpusRequest& written, const Schema* schema) {
  Request request;
  WY_TRY(request.principal, parse_entity_uid(written.principal));
  WY_TRY(request.action, parse_entity_uid(written.action));
  WY_TRY(request.resource, parse_entity_uid(written.resource));
  const ActionSchema* const action = schema == nullptr ? nullptr : schema->action(request.action);
  const JsonHint hint = action == nullptr ? JsonHint() : json_hint(*action->context);
  WY_TRY(request.context, parse_context(written.context, &hint));
  return request;
}

void check(const testing::CorpusCase& set, Reading reading, Tally& tally) {
  SCOPED_TRACE(set.name);
  ++tally.sets;
  const auto policies = parse_policies(set.policies);
  if (!policies) {
    ++tally.unsupported;
    ADD_FAILURE() << policies.error().message << "\n" << set.policies;
    return;
  }
  std::optional<Schema> schema;
  if (reading == Reading::by_schema) {
    auto parsed = Schema::parse(set.schema);
    ASSERT_TRUE(parsed) << parsed.error().message;
    schema = *std::move(parsed);
  }
  auto listed = schema ? read_entities(set.entities, *schema) : parse_entities(set.entities);
  ASSERT_TRUE(listed) << listed.error().message;
  const auto entities = Entities::make(*std::move(listed));
  ASSERT_TRUE(entities) << entities.error().message;
  for (const testing::CorpusRequest& written : set.requests) {
    SCOPED_TRACE(written.description);
    ++tally.requests;
    const auto request = request_of(written, schema ? &*schema : nullptr);
    ASSERT_TRUE(request) << request.error().message;
    const Response response = authorize(*policies, *request, *entities, ErrorRule::skip_policy);
    EXPECT_EQ(response.decision == Decision::allow, written.allowed) << set.policies;
    EXPECT_EQ(std::set(response.reasons.begin(), response.reasons.end()), written.reasons);
    EXPECT_EQ(error_ids(response), written.errors);
    for (const PolicyError& error : response.errors) {
      EXPECT_TRUE(error.message.starts_with("line ")) << error.message;
    }
  }
}

TEST(CedarCorpus, DecidesEveryGeneratedSetAsCedarDoes) {
  const auto corpus = testing::Corpus::unpack();
  if (!corpus) GTEST_SKIP() << "the corpus is not on this machine";
  Tally tally;
  corpus->for_each([&](const testing::CorpusCase& set) { check(set, Reading::plain, tally); });
  std::cout << tally.sets << " sets, " << tally.requests << " requests, " << tally.unsupported
            << " unsupported\n";
  EXPECT_GT(tally.sets, 1000u);
  EXPECT_EQ(tally.unsupported, 0u);
}

TEST(CedarCorpus, DecidesEverySetWrittenByHandAsCedarDoes) {
  const auto cases = testing::hand_written_cases();
  if (cases.empty()) GTEST_SKIP() << "the tests written by hand are not on this machine";
  Tally tally;
  for (const testing::CorpusCase& set : cases) check(set, Reading::by_schema, tally);
  EXPECT_GT(tally.requests, 50u);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
