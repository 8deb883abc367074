// Cuts a text into the words inside which byte-level BPE merges.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace wenyuan::llm {

// The families of pre-tokenizers, by the patterns of their reference implementations.
enum class PretokenizerKind {
  gpt2,    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  smollm,  // every \p{N} alone, then gpt2
  llama3,  // (?i:'s|…)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|…
  qwen2,  // llama3 with \p{N} alone
};

// By tokenizer.ggml.pre; nothing for a name that we do not know.
std::optional<PretokenizerKind> pretokenizer_kind(std::string_view name);

// The words in order; together they are the text.
std::vector<std::string_view> pretokenize(std::string_view text, PretokenizerKind kind);

}  // namespace wenyuan::llm
