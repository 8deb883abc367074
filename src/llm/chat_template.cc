#include "llm/chat_template.h"

#include <algorithm>

#include "base/text.h"
#include "llm/chat_template_families.h"
#include "llm/template_parser.h"
#include "llm/template_renderer.h"

namespace wenyuan::llm {
namespace {

using Messages = std::span<const ChatMessage>;

TemplateValue own(std::string_view text) {
  return TemplateText(to_valid_utf8(text), Origin::model);
}

TemplateValue message_list(Messages messages) {
  TemplateItems items;
  for (const ChatMessage& message : messages) {
    TemplateMembers members;
    members.emplace_back(TemplateText("role", Origin::model), own(role_name(message.role)));
    members.emplace_back(TemplateText("content", Origin::model),
                         TemplateText(to_valid_utf8(message.content), Origin::elsewhere));
    items.push_back(TemplateValue::dict(std::move(members)));
  }
  return TemplateValue::list(std::move(items));
}

// For templates that know no system role: its words go into the first turn of the user.
std::vector<ChatMessage> without_system(Messages messages) {
  std::vector<ChatMessage> list(messages.begin() + 1, messages.end());
  list[0].content.insert(0, "\n\n");
  list[0].content.insert(0, messages[0].content);
  return list;
}

bool begins_with_system(Messages messages) {
  return messages.size() > 1 && messages[0].role == Role::system && messages[1].role == Role::user;
}

}  // namespace

Result<ChatTemplate> ChatTemplate::create(const Gguf& file) {
  ChatTemplate chat;
  const auto text = file.text("tokenizer.chat_template");
  if (!text) {
    chat.family_ = chat_family(file);
    return chat;
  }
  if (!is_utf8(*text)) {
    return Error{ErrorCode::corrupt, "the model's chat template is not valid UTF-8"};
  }
  chat.family_ = "own";
  WY_TRY(chat.template_, parse_template(*text));
  return chat;
}

Result<TemplateText> ChatTemplate::write(const Tokenizer& tokenizer, Messages messages,
                                         const ChatOptions& options) const {
  const std::string bos = tokenizer.piece(tokenizer.bos(), true);
  const std::string eos = tokenizer.piece(tokenizer.eos(), true);
  if (!template_) return write_chat(family_, messages, bos, eos, options.add_generation_prompt);
  TemplateInput input;
  const TemplateValue none = TemplateValue::Data(None{});
  input.names = {
      {"messages", message_list(messages)},
      {"add_generation_prompt", TemplateValue::Data(options.add_generation_prompt)},
      {"bos_token", own(bos)},
      {"eos_token", own(eos)},
      {"tools", none},
      {"documents", none},
  };
  input.today = options.today;
  auto text = render_template(*template_, input);
  const bool refused = !text && text.error().code == ErrorCode::invalid_argument;
  if (!refused || !begins_with_system(messages)) return text;
  input.names[0].second = message_list(without_system(messages));
  auto second = render_template(*template_, input);
  return second ? std::move(second) : std::move(text);
}

Result<std::vector<TokenId>> ChatTemplate::render(const Tokenizer& tokenizer, Messages messages,
                                                  const ChatOptions& options) const {
  WY_TRY(const TemplateText text, write(tokenizer, messages, options));
  const std::vector<TextRange> trusted = text.trusted();
  std::vector<TokenId> tokens = tokenizer.encode(
      text.bytes(), {.add_special = false, .parse_special = true, .trusted = &trusted});
  // A template that writes BOS itself has it once all the same.
  const std::vector<TokenId> prefix = tokenizer.prefix();
  const bool has_prefix =
      tokens.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), tokens.begin());
  if (!has_prefix) tokens.insert(tokens.begin(), prefix.begin(), prefix.end());
  return tokens;
}

}  // namespace wenyuan::llm
