// Byte-level BPE, as GPT-2 brought it: "gpt2" in GGUF files.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "llm/pretokenizer.h"
#include "llm/tokenizer.h"
#include "llm/vocabulary.h"

namespace wenyuan::llm {

class BpeTokenizer final : public Tokenizer {
 public:
  static Result<std::unique_ptr<Tokenizer>> create(Vocabulary vocabulary, const Gguf& file);

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
  std::string piece(TokenId token, bool show_special) const override;
  std::size_t size() const override { return vocabulary_.size(); }
  TokenId bos() const override { return vocabulary_.bos; }
  TokenId eos() const override { return vocabulary_.eos; }
  bool is_end(TokenId token) const override { return vocabulary_.ends.contains(token); }

 private:
  BpeTokenizer(Vocabulary vocabulary, PretokenizerKind kind)
      : vocabulary_(std::move(vocabulary)), kind_(kind) {}

  struct Merge {
    std::int32_t rank;
    TokenId result;
  };
  Status read_merges(const Gguf& file);
  void read_bytes();
  void append_word(std::string_view word, std::vector<TokenId>& tokens) const;
  const Merge* merge(TokenId left, TokenId right) const;

  Vocabulary vocabulary_;
  PretokenizerKind kind_;
  bool whole_words_first_ = false;  // a word that is a token is that token, whatever the merges say
  std::array<TokenId, 256> bytes_{};  // the token of each byte; -1 when there is none
  std::unordered_map<std::uint64_t, Merge> merges_;  // by both token ids
  std::unordered_map<char32_t, std::uint8_t> byte_of_;
};

}  // namespace wenyuan::llm
