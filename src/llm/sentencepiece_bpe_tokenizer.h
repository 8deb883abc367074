// SentencePiece's BPE, as Llama 1 and 2 use it: "llama" in GGUF files.
#pragma once

#include <array>
#include <string_view>
#include <unordered_map>

#include "llm/tokenizer.h"
#include "llm/vocabulary.h"

namespace wenyuan::llm {

// Merges the neighbouring pair whose token has the highest score, again and again; what is in no
// token is written as bytes ("<0x0A>").
class SentencepieceBpeTokenizer final : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> create(Vocabulary vocabulary, const Gguf& file);

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
  std::vector<TokenId> prefix() const override;
  std::string piece(TokenId token, bool show_special) const override;
  std::size_t size() const override { return vocabulary_.size(); }
  TokenId bos() const override { return vocabulary_.bos; }
  TokenId eos() const override { return vocabulary_.eos; }
  bool is_end(TokenId token) const override { return vocabulary_.ends.contains(token); }

 private:
  explicit SentencepieceBpeTokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  // How texts were put together whose token is marked unused: they are taken apart again.
  using Halves = std::unordered_map<std::string_view, std::size_t>;  // size of the first half
  void append_text(std::string_view text, std::vector<TokenId>& tokens) const;
  void append_merged(std::string_view text, std::vector<TokenId>& tokens) const;
  void append_symbol(std::string_view symbol, const Halves& halves,
                     std::vector<TokenId>& tokens) const;
  void append_bytes(std::string_view symbol, std::vector<TokenId>& tokens) const;

  Vocabulary vocabulary_;
  std::array<TokenId, 256> bytes_{};  // -1 when there is none
  bool cuts_words_ = false;           // no token goes on over the beginning of a word
};

}  // namespace wenyuan::llm
