// Which tokens are marks of a conversation: text from a document or a user must never become one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::llm {

// Tokens that end a turn, by their text: files name only one of them.
bool is_end_mark(std::string_view text);

// Looks like a mark of a role, a turn or a text in any of the known families: "<|im_start|>",
// "<｜User｜>", "<start_of_turn>", "[INST]", "</s>".
bool is_conversation_mark(std::string_view text);

}  // namespace wenyuan::llm
