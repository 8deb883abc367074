// Writes what a chat template says, from its tree.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "llm/template_evaluator.h"
#include "llm/template_tree.h"

namespace wenyuan::llm {

struct TemplateInput {
  // What the template knows besides the interpreter's functions: messages, bos_token, …
  std::vector<std::pair<std::string, TemplateValue>> names;
  // What strftime_now says; the interpreter reads no clock.
  std::chrono::year_month_day today{std::chrono::year(2024), std::chrono::July,
                                    std::chrono::day(26)};
  TemplateLimits limits = {};
};

// invalid_argument when the template refuses its input by raise_exception, else unsupported_media
// with the line.
Result<TemplateText> render_template(const TemplateBlock& block, const TemplateInput& input);

}  // namespace wenyuan::llm
