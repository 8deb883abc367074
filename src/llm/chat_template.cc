#include "llm/chat_template.h"

#include <optional>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

// A prompt in the making: control tokens, and plain text between them. Plain text is tokenized in
// one piece up to the next control token, as the reference does with the whole prompt.
class Prompt {
 public:
  explicit Prompt(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    // What the tokenizer puts before every text, BOS mostly; not what it puts behind.
    tokens_ = tokenizer.encode("", {.add_special = true, .parse_special = false});
    while (!tokens_.empty() && tokenizer.is_end(tokens_.back())) tokens_.pop_back();
  }

  Prompt& control(std::string_view text) {
    flush();
    append(tokenizer_.encode(text, {.add_special = false, .parse_special = true}));
    return *this;
  }
  Prompt& token(TokenId token) {
    flush();
    if (token >= 0) tokens_.push_back(token);
    return *this;
  }
  Prompt& plain(std::string_view text) {
    pending_ += text;
    return *this;
  }
  std::vector<TokenId> take() {
    flush();
    return std::move(tokens_);
  }

 private:
  void flush() {
    if (pending_.empty()) return;
    append(tokenizer_.encode(pending_, {.add_special = false, .parse_special = false}));
    pending_.clear();
  }
  void append(const std::vector<TokenId>& more) {
    tokens_.insert(tokens_.end(), more.begin(), more.end());
  }

  const Tokenizer& tokenizer_;
  std::vector<TokenId> tokens_;
  std::string pending_;
};

std::string_view role_name(Role role) {
  switch (role) {
    case Role::system: return "system";
    case Role::user: return "user";
    case Role::assistant: return "assistant";
  }
  return "user";
}

using Messages = std::span<const ChatMessage>;

void chatml(Prompt& prompt, Messages messages) {
  for (const ChatMessage& message : messages) {
    prompt.control("<|im_start|>").plain(role_name(message.role)).plain("\n");
    prompt.plain(message.content).control("<|im_end|>").plain("\n");
  }
  prompt.control("<|im_start|>").plain("assistant\n");
}

void llama3(Prompt& prompt, Messages messages) {
  const auto header = [&](std::string_view role) {
    prompt.control("<|start_header_id|>").plain(role).control("<|end_header_id|>").plain("\n\n");
  };
  for (const ChatMessage& message : messages) {
    header(role_name(message.role));
    prompt.plain(trim(message.content)).control("<|eot_id|>");
  }
  header("assistant");
}

void llama2(Prompt& prompt, Messages messages, TokenId bos, TokenId eos) {
  std::string system;
  bool first = true;
  for (const ChatMessage& message : messages) {
    if (message.role == Role::system) {
      system = "<<SYS>>\n" + message.content + "\n<</SYS>>\n\n";
    } else if (message.role == Role::user) {
      if (!first) prompt.token(bos);
      prompt.plain("[INST] ").plain(system).plain(trim(message.content)).plain(" [/INST]");
      system.clear();
      first = false;
    } else {
      prompt.plain(" ").plain(trim(message.content)).plain(" ").token(eos);
    }
  }
}

void deepseek2(Prompt& prompt, Messages messages, TokenId eos) {
  for (const ChatMessage& message : messages) {
    if (message.role == Role::system) {
      prompt.plain(message.content).plain("\n\n");
    } else if (message.role == Role::user) {
      prompt.plain("User: ").plain(message.content).plain("\n\n");
    } else {
      prompt.plain("Assistant: ").plain(message.content).token(eos);
    }
  }
  prompt.plain("Assistant:");
}

void deepseek3(Prompt& prompt, Messages messages, TokenId eos) {
  for (const ChatMessage& message : messages) {
    if (message.role == Role::system) {
      prompt.plain(message.content);
    } else if (message.role == Role::user) {
      prompt.control("<｜User｜>").plain(message.content);
    } else {
      prompt.control("<｜Assistant｜>").plain(message.content).token(eos);
    }
  }
  prompt.control("<｜Assistant｜>");
}

// Gemma knows no system role: its words go into the first turn of the user.
void gemma(Prompt& prompt, Messages messages) {
  std::string system;
  for (const ChatMessage& message : messages) {
    if (message.role == Role::system) {
      system = message.content + "\n\n";
      continue;
    }
    const std::string_view role = message.role == Role::user ? "user" : "model";
    prompt.control("<start_of_turn>").plain(role).plain("\n").plain(system);
    prompt.plain(trim(message.content)).control("<end_of_turn>").plain("\n");
    system.clear();
  }
  prompt.control("<start_of_turn>").plain("model\n");
}

// The family whose marks the template writes.
std::optional<std::string_view> family_of(std::string_view text) {
  const auto has = [&](std::string_view mark) { return text.find(mark) != std::string_view::npos; };
  if (has("<|im_start|>")) return "chatml";
  if (has("<|start_header_id|>")) return "llama3";
  if (has("<｜Assistant｜>") || has("<｜User｜>")) return "deepseek3";
  if (has("<start_of_turn>")) return "gemma";
  if (has("[INST]")) return "llama2";
  if (has("User: ") && has("Assistant:")) return "deepseek2";
  return std::nullopt;
}

// What the template says as the system when the conversation does not: the text between a system
// header and its end inside a condition on the first message.
std::string default_system(std::string_view text) {
  constexpr std::string_view kStart = "<|im_start|>system\n";
  if (text.find("!= 'system'") == std::string_view::npos) return "";
  const std::size_t at = text.find(kStart);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = text.substr(at + kStart.size());
  const std::string_view said = rest.substr(0, rest.find("<|im_end|>"));
  // Only words; an expression is something else than a default.
  return said.find_first_of("'{") == std::string_view::npos ? std::string(said) : "";
}

}  // namespace

Result<ChatTemplate> ChatTemplate::create(const Gguf& file) {
  ChatTemplate chat;
  const auto text = file.text("tokenizer.chat_template");
  if (!text) {
    chat.family_ = "chatml";
    return chat;
  }
  const auto family = family_of(*text);
  if (!family) {
    return Error{ErrorCode::unsupported_media, "the model's chat template is of no known family"};
  }
  chat.family_ = *family;
  std::string plain(*text);
  // Inside a template, a line break may be written as an escape.
  for (std::size_t at = plain.find("\\n"); at != std::string::npos; at = plain.find("\\n", at)) {
    plain.replace(at, 2, "\n");
  }
  if (*family == "chatml") chat.default_system_ = default_system(plain);
  return chat;
}

std::vector<TokenId> ChatTemplate::render(const Tokenizer& tokenizer, Messages messages) const {
  std::vector<ChatMessage> all;
  if (!default_system_.empty() && (messages.empty() || messages[0].role != Role::system)) {
    all.push_back({Role::system, default_system_});
  }
  all.insert(all.end(), messages.begin(), messages.end());
  Prompt prompt(tokenizer);
  if (family_ == "llama3") {
    llama3(prompt, all);
  } else if (family_ == "llama2") {
    llama2(prompt, all, tokenizer.bos(), tokenizer.eos());
  } else if (family_ == "deepseek2") {
    deepseek2(prompt, all, tokenizer.eos());
  } else if (family_ == "deepseek3") {
    deepseek3(prompt, all, tokenizer.eos());
  } else if (family_ == "gemma") {
    gemma(prompt, all);
  } else {
    chatml(prompt, all);
  }
  return prompt.take();
}

}  // namespace wenyuan::llm
