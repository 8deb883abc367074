// Cuts a chat template (Jinja) into texts, tags and the words inside tags.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::llm {

enum class WordKind {
  text,          // between tags, ready to be written
  tag_begin,     // {%
  tag_end,       // %}
  output_begin,  // {{
  output_end,    // }}
  name,
  string,  // its value, escapes undone
  integer,
  real,
  sign,  // an operator or bracket
  end,
};

struct TemplateWord {
  WordKind kind = WordKind::end;
  std::string text;
  int line = 1;
  std::int64_t integer = 0;
  double real = 0;
};

// With the settings that transformers uses: trim_blocks and lstrip_blocks on, no trailing newline
// kept. The source must be valid UTF-8. The last word is `end`.
Result<std::vector<TemplateWord>> cut_template(std::string_view source);

// An error in a template, with its line.
Error template_error(int line, const std::string& what);

}  // namespace wenyuan::llm
