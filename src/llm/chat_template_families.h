// The prompts of the known families, for files that carry no template.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "llm/chat_template.h"

namespace wenyuan::llm {

// By the marks in the vocabulary: chatml, llama2, llama3, deepseek2, deepseek3 or gemma.
std::string_view chat_family(const Gguf& file);

// `bos` and `eos` are how the vocabulary writes them.
TemplateText write_chat(std::string_view family, std::span<const ChatMessage> messages,
                        std::string_view bos, std::string_view eos, bool add_generation_prompt);

std::string_view role_name(Role role);

}  // namespace wenyuan::llm
