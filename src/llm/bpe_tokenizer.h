// Byte-level BPE, as GPT-2 brought it: "gpt2" in GGUF files.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "llm/bpe_tokenizer_merges.h"
#include "llm/pretokenizer.h"
#include "llm/tokenizer.h"
#include "llm/vocabulary.h"

namespace wenyuan::llm {

class BpeTokenizer final : public Tokenizer {
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
  BpeTokenizer(Vocabulary vocabulary, const Pretokenization& how)
      : vocabulary_(std::move(vocabulary)), how_(how) {}

  Status read_merges(const Gguf& file);
  void read_bytes();
  void append_text(std::string_view text, std::vector<TokenId>& tokens) const;
  void append_word(std::string_view word, std::vector<TokenId>& tokens) const;

  Vocabulary vocabulary_;
  Pretokenization how_;
  std::array<TokenId, 256> bytes_{};  // the token of each byte; kNoToken when there is none
  std::array<std::string, 256> written_bytes_;  // how the vocabulary writes each byte
  BpeMerges merges_;
  std::unordered_map<char32_t, std::uint8_t> byte_of_;
};

}  // namespace wenyuan::llm
