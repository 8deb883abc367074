// Cuts a text into the words inside which byte-level BPE merges.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace wenyuan::llm {

// The families of pre-tokenizers; their patterns stand in pretokenizer_rules.h.
enum class PretokenizerKind {
  gpt2,
  starcoder,  // every number alone, then gpt2
  plain,      // what files without a name, or named "default", are cut by
  llama3,
  qwen2,   // llama3 with every number alone
  qwen35,  // qwen2 with marks among the letters
  gpt4o,
  tekken,
  kimi,
  deepseek_llm,
  deepseek_coder,
  deepseek3,
};

// What a model's tokenizer.ggml.pre says.
struct Pretokenization {
  PretokenizerKind kind = PretokenizerKind::plain;
  bool whole_words_first = false;  // a word that is a token is that token, whatever the merges say
  bool normal_form_c = false;      // the text is brought to it first
  bool add_bos = false;            // where the file does not say
};

// Nothing for a name that we do not know.
std::optional<Pretokenization> pretokenization(std::string_view name);

// The words in order; together they are the text.
std::vector<std::string_view> pretokenize(std::string_view text, PretokenizerKind kind);

}  // namespace wenyuan::llm
