// Turns a conversation into the prompt that an instruct model was trained on.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/gguf.h"
#include "llm/template_text.h"
#include "llm/template_tree.h"
#include "llm/tokenizer.h"

namespace wenyuan::llm {

enum class Role { system, user, assistant };

struct ChatMessage {
  Role role = Role::user;
  std::string content;
};

struct ChatOptions {
  // Ends where the assistant begins to speak.
  bool add_generation_prompt = true;
  // What a template that asks for the date is told; one day for all keeps answers repeatable.
  std::chrono::year_month_day today{std::chrono::year(2024), std::chrono::July,
                                    std::chrono::day(26)};
};

// Thread-safe.
class ChatTemplate {
 public:
  // Reads tokenizer.chat_template; unsupported_media says what in it is not understood. A file
  // without one gets that of a family, by the marks that its vocabulary has.
  static Result<ChatTemplate> create(const Gguf& file);

  // The prompt, with what of it came from the messages. invalid_argument when the template refuses
  // the conversation.
  Result<TemplateText> write(const Tokenizer& tokenizer, std::span<const ChatMessage> messages,
                             const ChatOptions& options = {}) const;

  // Token ids of the whole prompt. Only what the template writes becomes a control token: the
  // contents are plain text, whatever they say.
  Result<std::vector<TokenId>> render(const Tokenizer& tokenizer,
                                      std::span<const ChatMessage> messages,
                                      const ChatOptions& options = {}) const;

  // The family's name, or "own" when the file has a template.
  std::string_view family() const { return family_; }

 private:
  std::string family_;
  std::optional<TemplateBlock> template_;
};

}  // namespace wenyuan::llm
