// Tokenizers of a few dozen tokens, one of each kind, and files in memory to read them from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/gguf.h"
#include "llm/gguf_writer.h"

namespace wenyuan::llm {

// Opens bytes as a file would be opened.
Result<Gguf> open_bytes(std::string_view bytes);
// The file must be well-formed.
Gguf opened(const GgufWriter& writer);

struct SmallToken {
  std::string text;
  float score = 0;
  std::int32_t kind = 1;  // as in tokenizer.ggml.token_type
};

// Sets tokens, scores and kinds.
void set_tokens(GgufWriter& writer, const std::vector<SmallToken>& tokens);

// The byte alphabet of GPT-2, id 0 for the byte 0, and so on.
std::vector<SmallToken> byte_tokens();
// A byte-level tokenizer of these tokens, without BOS and EOS.
GgufWriter bpe_of(std::string_view pre, const std::vector<SmallToken>& tokens,
                  const std::vector<std::string>& merges = {});
// The byte alphabet of GPT-2 (id 0 for the byte 0, and so on), then the results of the merges, then
// control tokens, the last of which are <|im_start|> and <|im_end|>.
GgufWriter small_bpe(std::string_view pre, const std::vector<std::string>& merges);
// <s> </s> <unk>, pieces with scores, one user-defined token.
GgufWriter small_unigram();
// [PAD] [UNK] [CLS] [SEP], and pieces.
GgufWriter small_wordpiece();
// <unk> <s> </s>, a token for each byte, and pieces.
GgufWriter small_sentencepiece();

}  // namespace wenyuan::llm
