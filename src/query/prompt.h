// What the model is told: its task, the passages as data, the question.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "llm/engine.h"
#include "query/evidence.h"
#include "query/search.h"

namespace wenyuan::query {

// True when most letters of the text are CJK: answer in Chinese.
bool is_chinese(std::string_view text);

// Messages for the chat template. Each passage is a window of at most `chars_max` code points
// around its best sentence; the first `passage_count` passages are used, in the order of the
// search.
std::vector<llm::ChatMessage> build_prompt(std::string_view question,
                                           const std::vector<SearchHit>& passages,
                                           const std::vector<Sentence>& sentences,
                                           std::size_t passage_count, std::int64_t chars_max);

// "The collections hold nothing that answers this." in the question's language.
std::string refusal_sentence(std::string_view question);

// What a model is given, as one text for people: each message under its role.
std::string conversation_text(const std::vector<llm::ChatMessage>& messages);

}  // namespace wenyuan::query
