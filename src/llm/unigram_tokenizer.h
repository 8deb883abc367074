// SentencePiece's unigram model, as XLM-RoBERTa and T5 use it: "t5" in GGUF files.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "llm/tokenizer.h"
#include "llm/unigram_tokenizer_charsmap.h"
#include "llm/vocabulary.h"

namespace wenyuan::llm {

// The most likely way to cut a text into pieces (Kudo, "Subword Regularization", ACL 2018), found
// by Viterbi's algorithm.
class UnigramTokenizer final : public Tokenizer {
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
  explicit UnigramTokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  Status read_normalizer(const Gguf& file);
  Status read_charsmap(const Gguf& file);
  void sort_pieces();
  // Normalised, white space as U+2581.
  std::string normalized(std::string_view text) const;
  // The same without what is done to white space.
  std::string mapped(std::string_view text) const;
  void append_best(std::string_view text, std::vector<TokenId>& tokens) const;

  // The pieces that begin with the same bytes: a run of pieces_.
  struct Run {
    std::size_t first = 0, last = 0;  // last exclusive
  };
  // Those of the run whose byte number `at` is `byte`.
  Run narrowed(const Run& run, std::size_t at, char byte) const;

  Vocabulary vocabulary_;
  bool merges_spaces_ = true;  // several are one; none at the ends
  bool keep_last_space_ = false;
  float unknown_score_ = 0;
  std::unordered_map<char32_t, std::string> normalizer_;
  std::optional<UnigramCharsmap> charsmap_;
  std::vector<TokenId> pieces_;     // sorted by their text
  std::array<Run, 256> by_byte_{};  // runs by first byte
};

}  // namespace wenyuan::llm
