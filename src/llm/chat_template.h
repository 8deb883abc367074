// Turns a conversation into the prompt that an instruct model was trained on.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/gguf.h"
#include "llm/tokenizer.h"

namespace wenyuan::llm {

enum class Role { system, user, assistant };

struct ChatMessage {
  Role role = Role::user;
  std::string content;
};

// Thread-safe.
class ChatTemplate {
 public:
  // Recognises the family by tokenizer.chat_template (chatml, llama2, llama3, deepseek2/3, gemma,
  // and so on) and by the vocabulary's control tokens; chatml when there is no template.
  static Result<ChatTemplate> create(const Gguf& file);

  // Token ids of the whole prompt, ending where the assistant begins to speak. The contents are
  // tokenized as plain text, so control tokens inside them have no effect.
  std::vector<TokenId> render(const Tokenizer& tokenizer,
                              std::span<const ChatMessage> messages) const;

  std::string_view family() const { return family_; }

 private:
  std::string family_;
  std::string default_system_;
};

}  // namespace wenyuan::llm
