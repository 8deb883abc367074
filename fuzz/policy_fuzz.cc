// Any bytes as the text of a policy: it is refused with a reason, or decided without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/decider.h"
#include "auth/policy_language.h"
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
    made.attributes = {{"a", "x"}, {"b", std::int64_t{1}}, {"clearance", "secret"}};
    return made;
  }();
  return principal;
}

Label label() {
  Label made;
  made.id = 1;
  made.collection_id = "col_a";
  made.collection_kind = CollectionKind::organization;
  made.attributes = {{"sensitivity", "public"}, {"b", std::vector<std::string>{"x", "y"}}};
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PolicyLanguage language({"a", "b", "sensitivity"});
  PolicyText read = language.read({reinterpret_cast<const char*>(data), size});
  WY_ASSERT(read.policy.has_value() == read.error.empty());
  const bool is_readable = read.policy.has_value();
  const bool permits = read.effect == cedar::Effect::permit;
  const Rules rules(
      {std::make_shared<const CompiledPolicy>(CompiledPolicy{"pol", 1, std::move(read)})});
  Decider decider(rules, user(), {}, Action::read);
  const bool allowed = decider.allows(label());
  WY_ASSERT(allowed == decider.decide(label()).allowed);
  WY_ASSERT(!allowed || (is_readable && permits));
  return 0;
}
