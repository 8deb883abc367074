// Reads a chat template (Jinja) into a tree.
#pragma once

#include <string_view>

#include "base/result.h"
#include "llm/template_tree.h"

namespace wenyuan::llm {

// unsupported_media says what it does not know, and in which line. Nothing deeper than
// kTemplateDepthMax, in expressions or statements, is accepted.
constexpr int kTemplateDepthMax = 100;
constexpr std::size_t kTemplateSizeMax = 256 * 1024;
Result<TemplateBlock> parse_template(std::string_view source);

}  // namespace wenyuan::llm
