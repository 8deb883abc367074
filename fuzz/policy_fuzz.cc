// Any bytes as a policy: it is refused with a place, or checked and decided without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/decider.h"
#include "auth/policy/checker.h"
#include "auth/policy/evaluator.h"
#include "auth/policy/parser.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;        // NOLINT: a program of one file
using namespace wenyuan::auth;  // NOLINT

const Principal& user() {
  static const Principal principal = [] {
    Principal made;
    made.user_id = "usr_a";
    made.username = "a";
    made.roles = {"admin"};
    made.scopes = {"*"};
    made.attributes = {{"a", "secret"}, {"b", std::int64_t{1}}, {"c", true}};
    return made;
  }();
  return principal;
}

Label label() {
  Label made;
  made.collection_id = "col_a";
  made.collection_kind = CollectionKind::organization;
  made.attributes = {{"a", "public"}, {"d", std::vector<std::string>{"x", "y"}}};
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto rule = policy::parse({reinterpret_cast<const char*>(data), size});
  if (!rule) {
    WY_ASSERT(rule.error().code == ErrorCode::invalid_argument && !rule.error().message.empty());
    return 0;
  }
  const std::vector<std::string> access = {"a", "b", "c", "d"};
  static_cast<void>(policy::check(*rule, access));
  const Label resource = label();
  const policy::Evaluation without = policy::evaluate(*rule, user(), nullptr);
  const policy::Evaluation with = policy::evaluate(*rule, user(), &resource);
  WY_ASSERT(with.verdict != policy::Verdict::needs_resource);
  // What is settled without a label is the same with any.
  WY_ASSERT(without.verdict == policy::Verdict::needs_resource || without.verdict == with.verdict);
  if (with.verdict == policy::Verdict::failed) WY_ASSERT(!policy::explain(with).empty());

  const PolicySet policies = {
      std::make_shared<const CompiledPolicy>(CompiledPolicy{"pol", 1, *std::move(rule), {}, ""})};
  const Decider decider(policies, user(), {}, Action::read);
  WY_ASSERT(decider.allows(resource) == decider.decide(resource).allowed);
  return 0;
}
