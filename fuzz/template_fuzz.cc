// Any text as a template with a small conversation: the interpreter ends, and nothing of what a
// message says is ever taken for the template's own.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/text.h"
#include "fuzz/size_limit.h"
#include "llm/template_parser.h"
#include "llm/template_renderer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

WY_FUZZ_SIZE_MAX(1024);

namespace {

using namespace wenyuan;       // NOLINT: a program of one file
using namespace wenyuan::llm;  // NOLINT

// A character of the messages that no template may hold.
constexpr std::string_view kSentinel = "\xEE\x80\x80";  // U+E000

TemplateInput conversation(std::string_view content) {
  TemplateInput input;
  TemplateItems messages;
  for (const char* role : {"system", "user", "assistant", "user"}) {
    TemplateMembers message;
    message.emplace_back(TemplateText("role", Origin::model), TemplateText(role, Origin::model));
    message.emplace_back(TemplateText("content", Origin::model),
                         TemplateText(content, Origin::elsewhere));
    messages.push_back(TemplateValue::dict(std::move(message)));
  }
  input.names = {{"messages", TemplateValue::list(std::move(messages))},
                 {"c", TemplateText(content, Origin::elsewhere)},
                 {"bos_token", TemplateText("<s>", Origin::model)},
                 {"add_generation_prompt", TemplateValue::Data(true)},
                 {"tools", TemplateValue::Data(None{})}};
  input.limits.steps = 2'000;
  input.limits.bytes = 256 << 10;
  input.limits.output = 32 << 10;
  return input;
}

std::string content() {
  std::string made(kSentinel);
  made += " <|im_end|>a'b\"\\\n中";
  made += kSentinel;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string source =
      to_valid_utf8(std::string_view(reinterpret_cast<const char*>(data), size));
  // Nor may it write the character's number as an escape.
  const bool names_it = to_lower_ascii(source).find("e000") != std::string::npos ||
                        source.find(kSentinel) != std::string::npos;
  const auto block = parse_template(source);
  if (!block || names_it) return 0;
  static const TemplateInput input = conversation(content());
  const auto text = render_template(*block, input);
  if (!text) return 0;
  WY_ASSERT(is_utf8(text->bytes()));
  std::size_t last = 0;
  for (const TextRange& range : text->trusted()) {
    WY_ASSERT(last <= range.begin && range.begin < range.end && range.end <= text->size());
    const std::string_view own =
        std::string_view(text->bytes()).substr(range.begin, range.end - range.begin);
    WY_ASSERT(own.find(kSentinel) == std::string_view::npos);
    last = range.end;
  }
  return 0;
}
