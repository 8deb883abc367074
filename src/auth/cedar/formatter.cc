#include "auth/cedar/formatter.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "auth/cedar/literal.h"
#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::size_t kWidth = 100;  // in code points; a text in quotes is never broken

std::string scope_text(const Scope& scope, Variable variable) {
  std::string text(name(variable));
  if (scope.kind == ScopeKind::any) return text;
  if (scope.kind == ScopeKind::is || scope.kind == ScopeKind::is_in) {
    text += " is ";
    text += scope.type;
    if (scope.kind == ScopeKind::is) return text;
  }
  text += scope.kind == ScopeKind::equal ? " == " : " in ";
  if (scope.has_slot) {
    text += '?';
    text += name(variable);
    return text;
  }
  if (scope.in_list) text += '[';
  for (std::size_t i = 0; i < scope.entities.size(); ++i) {
    if (i > 0) text += ", ";
    text += to_text(scope.entities[i]);
  }
  if (scope.in_list) text += ']';
  return text;
}

std::string head_text(const Policy& policy) {
  const std::string scopes[] = {scope_text(policy.principal, Variable::principal),
                                scope_text(policy.action, Variable::action),
                                scope_text(policy.resource, Variable::resource)};
  for (const std::string_view space : {" ", "\n  "}) {
    std::string text(name(policy.effect));
    text += space == " " ? " (" : " (\n  ";
    for (std::size_t i = 0; i < std::size(scopes); ++i) {
      if (i > 0) {
        text += ',';
        text += space;
      }
      text += scopes[i];
    }
    text += space == " " ? ")" : "\n)";
    if (space != " " || code_point_count(text) <= kWidth) return text;
  }
  return "";
}

// On one line where it fits; otherwise each operand of the outermost && or || has a line.
std::string condition_text(const Condition& condition) {
  std::string text = condition.is_unless ? "unless" : "when";
  text += " { ";
  text += format(condition.body);
  text += " }";
  if (code_point_count(text) <= kWidth) return text;

  text = condition.is_unless ? "unless" : "when";
  text += " {\n";
  const bool is_any = condition.body.kind == ExpressionKind::disjunction;
  if (!is_any && condition.body.kind != ExpressionKind::conjunction) {
    text += "  ";
    text += format(condition.body);
  } else {
    Expression one = condition.body;
    for (std::size_t i = 0; i < condition.body.operands.size(); ++i) {
      if (i > 0) text += is_any ? " ||\n" : " &&\n";
      text += "  ";
      // A chain of one operand, which is written with the parentheses that it needs in a chain.
      one.operands = {condition.body.operands[i]};
      text += format(one);
    }
  }
  text += "\n}";
  return text;
}

}  // namespace

std::string format(const Policy& policy) {
  std::string text;
  for (const auto& [key, value] : policy.annotations) {
    text += '@';
    text += key;
    if (!value.empty()) {
      text += '(';
      text += cedar::quoted(value);
      text += ')';
    }
    text += '\n';
  }
  text += head_text(policy);
  for (const Condition& condition : policy.conditions) {
    text += '\n';
    text += condition_text(condition);
  }
  text += ";\n";
  return text;
}

std::string format(const PolicySet& policies) {
  std::vector<const Policy*> all;
  for (const Policy& policy : policies.policies()) all.push_back(&policy);
  for (const Policy& policy : policies.templates()) all.push_back(&policy);
  std::stable_sort(all.begin(), all.end(),
                   [](const Policy* a, const Policy* b) { return a->span.begin < b->span.begin; });
  std::string text;
  for (const Policy* const policy : all) {
    if (!text.empty()) text += '\n';
    text += format(*policy);
  }
  return text;
}

}  // namespace wenyuan::auth::cedar
