// Renders conversations by a template: dump_prompts TEMPLATE.jinja < conversations
// A conversation is a line of fields between tabs, "role", "content", "role", "content"…, with \n,
// \t and \\ for what they mean, and "1" or "0" at first, for a prompt that goes on or not. It
// writes a line for each: "text", a tab and the prompt, or "error", a tab and why.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "base/text.h"
#include "llm/template_parser.h"
#include "llm/template_renderer.h"

namespace {

using namespace wenyuan::llm;  // NOLINT: a program of one file

std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '\\' && at + 1 < text.size();
    const char c = escape ? text[++at] : text[at];
    plain += escape && c == 'n' ? '\n' : escape && c == 't' ? '\t' : escape && c == 'r' ? '\r' : c;
  }
  return plain;
}

std::string escaped(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n' || c == '\t' || c == '\r' || c == '\\') {
      line += '\\';
      line += c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : c;
    } else {
      line += c;
    }
  }
  return line;
}

TemplateInput input_of(const std::string& line) {
  const auto fields = wenyuan::split(line, '\t');
  TemplateItems messages;
  for (std::size_t i = 1; i + 1 < fields.size(); i += 2) {
    TemplateMembers message;
    message.emplace_back(TemplateText("role", Origin::model),
                         TemplateText(fields[i], Origin::model));
    message.emplace_back(TemplateText("content", Origin::model),
                         TemplateText(unescaped(fields[i + 1]), Origin::elsewhere));
    messages.push_back(TemplateValue::dict(std::move(message)));
  }
  TemplateInput input;
  input.names = {{"messages", TemplateValue::list(std::move(messages))},
                 {"add_generation_prompt", TemplateValue::Data(fields[0] == "1")},
                 {"bos_token", TemplateText("<BOS>", Origin::model)},
                 {"eos_token", TemplateText("<EOS>", Origin::model)},
                 {"tools", TemplateValue::Data(None{})},
                 {"documents", TemplateValue::Data(None{})}};
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "Usage: dump_prompts TEMPLATE.jinja < conversations\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const std::string source{std::istreambuf_iterator<char>(file), {}};
  const auto block = parse_template(source);
  for (std::string line; std::getline(std::cin, line);) {
    if (!block) {
      std::cout << "error\t" << escaped(block.error().message) << "\n";
      continue;
    }
    const auto text = render_template(*block, input_of(line));
    std::cout << (text ? "text\t" : "error\t")
              << escaped(text ? text->bytes() : text.error().message) << "\n";
  }
}
