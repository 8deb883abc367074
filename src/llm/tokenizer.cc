#include "llm/tokenizer.h"

#include "llm/bpe_tokenizer.h"
#include "llm/sentencepiece_bpe_tokenizer.h"
#include "llm/unigram_tokenizer.h"
#include "llm/vocabulary.h"
#include "llm/wordpiece_tokenizer.h"

namespace wenyuan::llm {

Result<std::unique_ptr<Tokenizer>> Tokenizer::create(const Gguf& file) {
  const std::string model(file.text("tokenizer.ggml.model").value_or(""));
  WY_TRY(Vocabulary vocabulary, Vocabulary::read(file));
  if (model == "gpt2") return BpeTokenizer::create(std::move(vocabulary), file);
  if (model == "t5") return UnigramTokenizer::create(std::move(vocabulary), file);
  if (model == "bert") return WordpieceTokenizer::create(std::move(vocabulary), file);
  if (model == "llama") return SentencepieceBpeTokenizer::create(std::move(vocabulary), file);
  return Error{ErrorCode::unsupported_media, "the tokenizer \"" + model + "\" is not supported"};
}

std::string Tokenizer::decode(std::span<const TokenId> tokens, bool show_special) const {
  std::string text;
  for (const TokenId token : tokens) text += piece(token, show_special);
  return text;
}

}  // namespace wenyuan::llm
