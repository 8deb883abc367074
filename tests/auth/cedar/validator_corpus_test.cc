// Cedar's own tests: which sets of policies pass validation, and that all entities and requests of
// them follow their schemas.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "auth/cedar/entities_json.h"
#include "auth/cedar/parser.h"
#include "auth/cedar/schema_conformance.h"
#include "auth/cedar/schema_reading.h"
#include "auth/cedar/validator.h"
#include "tests/auth/cedar/corpus.h"

namespace wenyuan::auth::cedar {
namespace {

struct Tally {
  std::size_t sets = 0;
  std::size_t refused = 0;
  std::size_t policies = 0;
  std::size_t entities = 0;
  std::size_t requests = 0;
  std::chrono::nanoseconds schema_time{0};
  std::chrono::nanoseconds validation_time{0};
};

void check_request_of(const testing::CorpusRequest& written, const Schema& schema, Tally& tally) {
  SCOPED_TRACE(written.description);
  if (!written.validate_request) return;
  ++tally.requests;
  const auto principal = parse_entity_uid(written.principal);
  const auto action = parse_entity_uid(written.action);
  const auto resource = parse_entity_uid(written.resource);
  ASSERT_TRUE(principal && action && resource);
  const auto context = read_context(written.context, *action, schema);
  ASSERT_TRUE(context) << context.error().message;
  const Status status = check_request({*principal, *action, *resource, *context}, schema);
  EXPECT_TRUE(status) << status.error().message;
}

void check(const testing::CorpusCase& set, Tally& tally) {
  SCOPED_TRACE(set.name);
  ++tally.sets;
  const auto start = std::chrono::steady_clock::now();
  const auto schema = Schema::parse(set.schema);
  tally.schema_time += std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(schema) << schema.error().message << "\n" << set.schema;
  const auto policies = parse_policies(set.policies);
  ASSERT_TRUE(policies) << policies.error().message << "\n" << set.policies;
  tally.policies += policies->policies().size() + policies->templates().size();

  const auto before = std::chrono::steady_clock::now();
  const ValidationReport report = validate(*policies, *schema);
  tally.validation_time += std::chrono::steady_clock::now() - before;
  if (!report.passed()) ++tally.refused;
  EXPECT_EQ(report.passed(), set.should_validate)
      << (report.passed() ? "" : to_text(report.errors.front())) << "\n"
      << set.policies << "\n"
      << set.schema;
  for (const ValidationFinding& finding : report.errors) {
    EXPECT_FALSE(finding.message.empty());
    EXPECT_NE(policies->find(finding.policy_id) != nullptr,
              policies->find_template(finding.policy_id) != nullptr);
  }

  const auto entities = read_entities(set.entities, *schema);
  ASSERT_TRUE(entities) << entities.error().message;
  tally.entities += entities->size();
  for (const auto& written : set.requests) check_request_of(written, *schema, tally);
}

void report(const Tally& tally) {
  const auto micros = [](std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  };
  std::cout << tally.sets << " sets, " << tally.policies << " policies, " << tally.refused
            << " sets refused, " << tally.entities << " entities, " << tally.requests
            << " requests; schemas read in " << micros(tally.schema_time)
            << " us, policies validated in " << micros(tally.validation_time) << " us\n";
}

TEST(ValidatorCorpus, AgreesWithCedarOnEveryGeneratedSet) {
  const auto corpus = testing::Corpus::unpack();
  if (!corpus) GTEST_SKIP() << "the corpus is not on this machine";
  Tally tally;
  corpus->for_each([&](const testing::CorpusCase& set) { check(set, tally); });
  report(tally);
  EXPECT_GT(tally.sets, 1000u);
}

TEST(ValidatorCorpus, AgreesWithCedarOnEverySetWrittenByHand) {
  const auto cases = testing::hand_written_cases();
  if (cases.empty()) GTEST_SKIP() << "the tests written by hand are not on this machine";
  Tally tally;
  for (const testing::CorpusCase& set : cases) check(set, tally);
  report(tally);
  EXPECT_GT(tally.requests, 50u);
}

}  // namespace
}  // namespace wenyuan::auth::cedar
