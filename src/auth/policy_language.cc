#include "auth/policy_language.h"

#include <algorithm>
#include <utility>

#include "auth/cedar/parser.h"
#include "auth/cedar/schema_wenyuan.h"
#include "auth/cedar/validator.h"
#include "auth/policy/checker.h"
#include "auth/policy/lexer.h"
#include "auth/policy/parser.h"
#include "auth/policy/to_cedar.h"

namespace wenyuan::auth {
namespace {

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    if (!text.starts_with("//")) return text;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
}

bool is_cedar(std::string_view text) {
  text = without_space(text);
  return text.starts_with("permit") || text.starts_with("forbid") || text.starts_with("@");
}

PolicyText unreadable(std::string error, cedar::Effect effect = cedar::Effect::forbid) {
  PolicyText read;
  read.effect = effect;
  read.error = std::move(error);
  return read;
}

PolicyText readable(cedar::Policy policy) {
  PolicyText read;
  read.effect = policy.effect;
  read.policy = std::move(policy);
  return read;
}

}  // namespace

PolicyLanguage::PolicyLanguage(store::AccessAttributes access) : access_(std::move(access)) {
  std::ranges::sort(access_);
  auto text = cedar::schema_text(cedar::usual_attributes(access_));
  if (!text) {
    schema_error_ = std::move(text.error().message);
    return;
  }
  schema_text_ = *std::move(text);
  auto schema = cedar::Schema::parse(schema_text_);
  if (schema) {
    schema_ = *std::move(schema);
  } else {
    schema_error_ = std::move(schema.error().message);
  }
}

PolicyText PolicyLanguage::read(std::string_view text) const {
  return is_cedar(text) ? read_cedar(text) : read_short(text);
}

PolicyText PolicyLanguage::read_cedar(std::string_view text) const {
  cedar::ParseOptions limits;
  limits.text_bytes_max = policy::kTextSizeMax;
  limits.depth_max = policy::kNestingMax;  // requests are served on small stacks
  auto parsed = cedar::parse_policy(text, limits);
  if (!parsed) return unreadable(std::move(parsed.error().message));
  const cedar::Effect effect = parsed->effect;
  if (parsed->is_template()) return unreadable("a policy cannot have open slots", effect);
  if (cedar::names_a_document(*parsed)) {
    return unreadable("a policy cannot name a single document: share it with a grant", effect);
  }
  if (!schema_) return unreadable(schema_error_, effect);
  const cedar::ValidationReport report = cedar::validate(*parsed, *schema_);
  if (report.passed()) return readable(*std::move(parsed));
  std::string error;
  for (const cedar::ValidationFinding& finding : report.errors) {
    if (!error.empty()) error += "; ";
    error += "line " + std::to_string(finding.span.line) + ", column " +
             std::to_string(finding.span.column) + ": " + finding.message;
  }
  return unreadable(std::move(error), effect);
}

PolicyText PolicyLanguage::read_short(std::string_view text) const {
  const auto rule = policy::parse(text);
  if (!rule) return unreadable(rule.error().message);
  cedar::Policy translated = policy::to_cedar(*rule);
  // An attribute may have stopped being access-relevant since the policy was stored.
  if (const Status fine = policy::check(*rule, access_); !fine) {
    return unreadable(fine.error().message, translated.effect);
  }
  return readable(std::move(translated));
}

}  // namespace wenyuan::auth
