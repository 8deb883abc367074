// What templates do with texts, as Python's str does it; every part keeps its origin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "llm/template_text.h"

namespace wenyuan::llm {

enum class Side { left, right, both };

// Without these characters at the ends; without any, white space.
TemplateText stripped(const TemplateText& text, std::optional<std::string_view> characters,
                      Side side);

// At each separator, which is not empty, but not more often than `count_max`; < 0: always.
std::vector<TemplateText> split_at(const TemplateText& text, std::string_view separator,
                                   std::int64_t count_max, Side from);
// At runs of white space; none of the parts is empty. The last one keeps what is behind it.
std::vector<TemplateText> split_at_spaces(const TemplateText& text, std::int64_t count_max);
std::vector<TemplateText> split_lines(const TemplateText& text);

// Each, or the first `count_max`, of `old`, which is not empty.
TemplateText replaced(const TemplateText& text, std::string_view old, const TemplateText& by,
                      std::int64_t count_max);

// ASCII letters only.
enum class LetterCase { upper, lower, title, capitalized };
TemplateText with_case(const TemplateText& text, LetterCase how);

// Where each character begins, and the end of the text at last.
std::vector<std::size_t> character_places(const TemplateText& text);

// JSON or HTML: each character that needs one becomes its escape, of the character's origin.
TemplateText escaped_json(const TemplateText& text);
TemplateText escaped_html(const TemplateText& text);

}  // namespace wenyuan::llm
