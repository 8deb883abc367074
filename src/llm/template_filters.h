// What the filters of templates work with.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "llm/template_evaluator.h"
#include "llm/template_lexer.h"

namespace wenyuan::llm {

// A filter at work.
struct TemplateFilterUse {
  TemplateEvaluator& evaluator;
  std::string_view name;
  const TemplateValue& input;
  const TemplateArguments& given;

  Error error(const std::string& what) const {
    return template_error(given.line, "the filter " + std::string(name) + " " + what);
  }
  Result<TemplateText> text() const { return evaluator.written(input, given.line); }
  Result<TemplateValue> done(TemplateText made) const {
    return evaluator.text(std::move(made), given.line);
  }
  Result<TemplateValue> done(TemplateItems made) const {
    return evaluator.list(std::move(made), given.line);
  }
  Result<TemplateItems> items() const { return evaluator.iterate(input, given.line); }
  // Of nothing at all, nothing; as Jinja's filters of lists have it.
  Result<TemplateItems> items_if_any() const { return input.is_true() ? items() : TemplateItems{}; }
};

struct TemplateFilter {
  std::string_view name;
  Result<TemplateValue> (*apply)(const TemplateFilterUse&);
};

// Those that work on lists.
std::span<const TemplateFilter> template_list_filters();

}  // namespace wenyuan::llm
