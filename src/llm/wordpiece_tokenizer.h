// BERT's WordPiece: "bert" in GGUF files.
#pragma once

#include "llm/tokenizer.h"
#include "llm/vocabulary.h"

namespace wenyuan::llm {

// Lower case without accents where the vocabulary knows no capitals; words and punctuation apart;
// CJK characters alone; each word cut greedily into the longest pieces, or unknown as a whole.
class WordpieceTokenizer final : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> create(Vocabulary vocabulary, const Gguf& file);

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
  std::vector<TokenId> prefix() const override { return {vocabulary_.cls}; }
  std::string piece(TokenId token, bool show_special) const override;
  std::size_t size() const override { return vocabulary_.size(); }
  TokenId bos() const override { return vocabulary_.cls >= 0 ? vocabulary_.cls : vocabulary_.bos; }
  TokenId eos() const override { return vocabulary_.sep >= 0 ? vocabulary_.sep : vocabulary_.eos; }
  bool is_end(TokenId token) const override { return vocabulary_.ends.contains(token); }

 private:
  explicit WordpieceTokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  std::vector<std::string> words(std::string_view text) const;
  void append_word(const std::string& word, std::vector<TokenId>& tokens) const;

  Vocabulary vocabulary_;
  bool folds_ = true;
};

}  // namespace wenyuan::llm
