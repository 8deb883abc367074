// Any bytes as Cedar policies, in text or in JSON: refused with a reason, or written out and read
// again without change, and decided as a whole as by parts.
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "auth/cedar/authorizer.h"
#include "auth/cedar/formatter.h"
#include "auth/cedar/parser.h"
#include "auth/cedar/partial.h"
#include "auth/cedar/policies_json.h"
#include "base/assert.h"
#include "fuzz/size_limit.h"

WY_FUZZ_SIZE_MAX(1024);

namespace {

using namespace wenyuan;               // NOLINT: a program of one file
using namespace wenyuan::auth::cedar;  // NOLINT

Record attributes() {
  return Record({{"a", Value(std::int64_t{1})},
                 {"b", Value(true)},
                 {"s", Value(std::string("x"))},
                 {"t", Value(Set({Value(std::int64_t{1}), Value(std::string("x"))}))},
                 {"r", Value(Record({{"a", Value(std::int64_t{-1})}}))},
                 {"u", Value(EntityUid{"U", "u"})},
                 {"d", Value(EntityUid{"D", "d"})}});
}

const Entities& known() {
  static const Entities entities = *Entities::make(
      {Entity{{"U", "u"}, attributes(), Record({{"s", Value(true)}}), {{"G", "g"}, {"D", "d"}}},
       Entity{{"F", "f"}, {}, {}, {{"G", "g"}}}});
  return entities;
}

const Entity& resource() {
  static const Entity entity{{"D", "d"}, attributes(), Record({{"x", Value(true)}}), {{"F", "f"}}};
  return entity;
}

const Entities& all() {
  static const Entities entities = [] {
    std::vector<Entity> listed = known().all();
    listed.push_back(resource());
    return *Entities::make(std::move(listed));
  }();
  return entities;
}

void expect_equal(const Response& left, const Response& right) {
  WY_ASSERT(left.decision == right.decision && left.reasons == right.reasons);
  WY_ASSERT(left.errors.size() == right.errors.size());
  for (std::size_t i = 0; i < left.errors.size(); ++i) {
    WY_ASSERT(left.errors[i].policy_id == right.errors[i].policy_id);
    WY_ASSERT(left.errors[i].message == right.errors[i].message);
  }
}

// In JSON a tree may be a little deeper, so that it is refused at the limit.
void check_json(const PolicySet& policies) {
  const std::string json = to_json(policies);
  const auto again = parse_policies_json(json);
  if (again) WY_ASSERT(to_json(*again) == json);
}

void check_text(const PolicySet& policies) {
  const auto again = parse_policies(format(policies));
  WY_ASSERT(again.has_value());
  WY_ASSERT(again->policies() == policies.policies());
  WY_ASSERT(again->templates() == policies.templates());
}

void check_decisions(const PolicySet& policies, ErrorRule rule) {
  static const PartialRequest asked{{"U", "u"}, {"Action", "read"}, attributes()};
  static const Request request{asked.principal, asked.action, resource().uid, asked.context};
  const Response whole = authorize(policies, request, all(), rule);
  const Residual residual(policies, asked, known(), rule);
  ResourceDecider decider(residual);
  const auto decision = decider.decide(resource());
  const auto response = decider.explain(resource());
  WY_ASSERT(decision.has_value() && response.has_value());
  WY_ASSERT(*decision == whole.decision);
  expect_equal(*response, whole);
}

}  // namespace

// Which of the checks are made follows from the text: half the work for each, and over many inputs
// all are made.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const unsigned choice = std::accumulate(data, data + size, 0U);
  const bool is_json = text.starts_with('{');
  const auto policies = is_json ? parse_policies_json(text) : parse_policies(text);
  if (!policies) {
    WY_ASSERT(policies.error().code == ErrorCode::invalid_argument ||
              policies.error().code == ErrorCode::too_large);
    WY_ASSERT(!policies.error().message.empty());
    return 0;
  }
  if (is_json || choice % 2 == 0) {
    check_json(*policies);
  } else {
    check_text(*policies);
  }
  check_decisions(*policies,
                  choice / 2 % 2 == 0 ? ErrorRule::forbid_denies : ErrorRule::skip_policy);
  return 0;
}
