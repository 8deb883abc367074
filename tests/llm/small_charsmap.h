// Makes normalisation rules as SentencePiece compiles them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace wenyuan::llm {

// Rules from texts to texts, as bytes for tokenizer.ggml.precompiled_charsmap. At most some
// thousand bytes of texts.
std::string small_charsmap(const std::vector<std::pair<std::string, std::string>>& rules);

}  // namespace wenyuan::llm
