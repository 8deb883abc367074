#include "llm/chat_template_families.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

// A prompt in the making.
class Prompt {
 public:
  Prompt& own(std::string_view text) {
    text_.append(text, Origin::model);
    return *this;
  }
  Prompt& content(std::string_view text) {
    text_.append(to_valid_utf8(text), Origin::elsewhere);
    return *this;
  }
  Prompt& trimmed(std::string_view text) { return content(trim(text)); }
  TemplateText take() { return std::move(text_); }

 private:
  TemplateText text_;
};

struct Conversation {
  std::span<const ChatMessage> messages;
  std::string_view bos, eos;
  bool add_generation_prompt;
};

void chatml(Prompt& prompt, const Conversation& chat) {
  for (const ChatMessage& message : chat.messages) {
    prompt.own("<|im_start|>").own(role_name(message.role)).own("\n");
    prompt.content(message.content).own("<|im_end|>\n");
  }
  if (chat.add_generation_prompt) prompt.own("<|im_start|>assistant\n");
}

void llama3(Prompt& prompt, const Conversation& chat) {
  const auto header = [&](std::string_view role) {
    prompt.own("<|start_header_id|>").own(role).own("<|end_header_id|>\n\n");
  };
  for (const ChatMessage& message : chat.messages) {
    header(role_name(message.role));
    prompt.trimmed(message.content).own("<|eot_id|>");
  }
  if (chat.add_generation_prompt) header("assistant");
}

void llama2(Prompt& prompt, const Conversation& chat) {
  const ChatMessage* system = nullptr;
  bool first = true;
  for (const ChatMessage& message : chat.messages) {
    if (message.role == Role::system) {
      system = &message;
    } else if (message.role == Role::user) {
      if (!first) prompt.own(chat.bos);
      prompt.own("[INST] ");
      if (system != nullptr) prompt.own("<<SYS>>\n").content(system->content).own("\n<</SYS>>\n\n");
      prompt.trimmed(message.content).own(" [/INST]");
      system = nullptr;
      first = false;
    } else {
      prompt.own(" ").trimmed(message.content).own(" ").own(chat.eos);
    }
  }
}

void deepseek2(Prompt& prompt, const Conversation& chat) {
  for (const ChatMessage& message : chat.messages) {
    if (message.role == Role::system) {
      prompt.content(message.content).own("\n\n");
    } else if (message.role == Role::user) {
      prompt.own("User: ").content(message.content).own("\n\n");
    } else {
      prompt.own("Assistant: ").content(message.content).own(chat.eos);
    }
  }
  if (chat.add_generation_prompt) prompt.own("Assistant:");
}

void deepseek3(Prompt& prompt, const Conversation& chat) {
  for (const ChatMessage& message : chat.messages) {
    if (message.role == Role::system) {
      prompt.content(message.content);
    } else if (message.role == Role::user) {
      prompt.own("<｜User｜>").content(message.content);
    } else {
      prompt.own("<｜Assistant｜>").content(message.content).own(chat.eos);
    }
  }
  if (chat.add_generation_prompt) prompt.own("<｜Assistant｜>");
}

// Gemma knows no system role: its words go into the first turn of the user.
void gemma(Prompt& prompt, const Conversation& chat) {
  const ChatMessage* system = nullptr;
  for (const ChatMessage& message : chat.messages) {
    if (message.role == Role::system) {
      system = &message;
      continue;
    }
    prompt.own("<start_of_turn>").own(message.role == Role::user ? "user\n" : "model\n");
    if (system != nullptr) prompt.content(system->content).own("\n\n");
    prompt.trimmed(message.content).own("<end_of_turn>\n");
    system = nullptr;
  }
  if (chat.add_generation_prompt) prompt.own("<start_of_turn>model\n");
}

}  // namespace

std::string_view role_name(Role role) {
  switch (role) {
    case Role::system: return "system";
    case Role::user: return "user";
    case Role::assistant: return "assistant";
  }
  return "user";
}

std::string_view chat_family(const Gguf& file) {
  const std::vector<std::string>* tokens = file.texts("tokenizer.ggml.tokens");
  const auto has = [&](std::string_view mark) {
    return tokens != nullptr && std::find(tokens->begin(), tokens->end(), mark) != tokens->end();
  };
  if (has("<|im_start|>")) return "chatml";
  if (has("<|start_header_id|>")) return "llama3";
  if (has("<｜User｜>")) return "deepseek3";
  if (has("<start_of_turn>")) return "gemma";
  if (file.architecture() == "deepseek2") return "deepseek2";
  return file.text("tokenizer.ggml.model").value_or("") == "llama" ? "llama2" : "chatml";
}

TemplateText write_chat(std::string_view family, std::span<const ChatMessage> messages,
                        std::string_view bos, std::string_view eos, bool add_generation_prompt) {
  const Conversation chat{messages, bos, eos, add_generation_prompt};
  Prompt prompt;
  if (family == "llama3") {
    llama3(prompt, chat);
  } else if (family == "llama2") {
    llama2(prompt, chat);
  } else if (family == "deepseek2") {
    deepseek2(prompt, chat);
  } else if (family == "deepseek3") {
    deepseek3(prompt, chat);
  } else if (family == "gemma") {
    gemma(prompt, chat);
  } else {
    chatml(prompt, chat);
  }
  return prompt.take();
}

}  // namespace wenyuan::llm
