// The methods of strings and dicts in templates, and the few functions that need code of their own.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "llm/template_evaluator.h"

namespace wenyuan::llm {

Result<TemplateValue> call_template_method(TemplateEvaluator& evaluator, const TemplateValue& base,
                                           std::string_view name,
                                           const TemplateArguments& arguments);

// As strftime writes a day in English; the time of day is midnight.
std::string date_text(std::chrono::year_month_day day, std::string_view format);

// As json.dumps() without ASCII escapes; `indent` < 0 writes one line.
struct JsonStyle {
  int indent = -1;
  bool sorted = false;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
Result<TemplateText> to_json(const TemplateValue& value, const JsonStyle& style, int line);

}  // namespace wenyuan::llm
