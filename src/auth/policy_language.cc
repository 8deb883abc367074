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

PolicyText unreadable(std::string error, cedar::Effect effect = cedar::Effect::forbid) {
  PolicyText read;
  read.effect = effect;
  read.error = std::move(error);
  return read;
}

PolicyText readable(cedar::Policy policy) {
  PolicyText read;
  read.effect = policy.effect;
  read.is_template = policy.is_template();
  read.policy = std::move(policy);
  return read;
}

std::string text_of(const cedar::ValidationReport& report) {
  std::string text;
  for (const cedar::ValidationFinding& finding : report.errors) {
    if (!text.empty()) text += "; ";
    text += "line " + std::to_string(finding.span.line) + ", column " +
            std::to_string(finding.span.column) + ": " + finding.message;
  }
  return text;
}

}  // namespace

bool is_cedar(std::string_view text) {
  text = without_space(text);
  return text.starts_with("permit") || text.starts_with("forbid") || text.starts_with("@");
}

std::string PolicyText::slots() const {
  if (!policy || !is_template) return "";
  if (!policy->resource.has_slot) return "principal";
  return policy->principal.has_slot ? "principal resource" : "resource";
}

PolicyText fill_slots(const PolicyText& base, const cedar::SlotValues& values) {
  if (!base.policy) return unreadable(base.error, base.effect);
  cedar::PolicySet set;
  Status made = set.add(*base.policy);
  if (made) made = set.link(base.policy->id, "link", values);
  if (!made) return unreadable(std::move(made.error().message), base.effect);
  return readable(*set.find("link"));
}

PolicyLanguage::PolicyLanguage(store::AccessAttributes access)
    : PolicyLanguage(AttributeKinds::guessed(std::move(access))) {}

PolicyLanguage::PolicyLanguage(AttributeKinds kinds) : kinds_(std::move(kinds)) {
  auto text = cedar::schema_text(kinds_.attributes());
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

Result<PolicyLanguage> PolicyLanguage::of_schema(std::string_view schema_text) {
  WY_TRY(cedar::Schema schema, cedar::Schema::parse(schema_text));
  const cedar::EntityTypeSchema* document = schema.entity_type("Document");
  if (document == nullptr || document->shape == nullptr) {
    return Error{ErrorCode::invalid_argument, "it is not the schema of a server: no Document"};
  }
  store::AccessAttributes access;
  for (const auto& [name, attribute] : document->shape->attributes) {
    if (name != "kind" && name != "owner") access.push_back(name);
  }
  PolicyLanguage language(std::move(access));
  language.schema_text_ = std::string(schema_text);
  language.schema_ = std::move(schema);
  return language;
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
  const bool is_template = parsed->is_template();
  const auto refused = [&](std::string error) {
    PolicyText read = unreadable(std::move(error), effect);
    read.is_template = is_template;
    return read;
  };
  if (cedar::names_a_document(*parsed)) {
    return refused("a policy cannot name a single document: share it with a grant");
  }
  if (!schema_) return refused(schema_error_);
  const cedar::ValidationReport report = cedar::validate(*parsed, *schema_);
  if (!report.passed()) return refused(text_of(report));
  return readable(*std::move(parsed));
}

Status PolicyLanguage::check_link(const PolicyText& base, const cedar::SlotValues& values) const {
  if (!base.policy) return Error{ErrorCode::invalid_argument, base.error};
  if (!base.is_template) {
    return Error{ErrorCode::invalid_argument,
                 "the policy has neither ?principal nor ?resource: there is nothing to link"};
  }
  cedar::PolicySet set;
  WY_RETURN_IF_ERROR(set.add(*base.policy));
  WY_RETURN_IF_ERROR(set.link(base.policy->id, "link", values));
  if (!schema_) return Error{ErrorCode::invalid_argument, schema_error_};
  const cedar::ValidationReport report = cedar::validate(set, *schema_);
  if (!report.passed()) return Error{ErrorCode::invalid_argument, text_of(report)};
  return Done{};
}

PolicyText PolicyLanguage::read_short(std::string_view text) const {
  const auto rule = policy::parse(text);
  if (!rule) return unreadable(rule.error().message);
  cedar::Policy translated = policy::to_cedar(*rule, kinds_);
  // An attribute may have stopped being access-relevant since the policy was stored.
  if (const Status fine = policy::check(*rule, kinds_); !fine) {
    return unreadable(fine.error().message, translated.effect);
  }
  return readable(std::move(translated));
}

}  // namespace wenyuan::auth
