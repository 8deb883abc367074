// The tokens of a model file, and what its metadata says about them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"
#include "llm/gguf.h"
#include "llm/tokenizer.h"

namespace wenyuan::llm {

// Numbers as in tokenizer.ggml.token_type.
enum class TokenKind : std::int32_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6,
};

// Immutable once read; move-only, as its maps look into its texts.
class Vocabulary {
 public:
  // corrupt when lists do not fit each other or ids are out of range.
  static Result<Vocabulary> read(const Gguf& file);

  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  std::size_t size() const { return texts_.size(); }
  const std::string& text(TokenId token) const { return texts_[static_cast<std::size_t>(token)]; }
  float score(TokenId token) const;  // 0 when the file has none
  TokenKind kind(TokenId token) const;
  TokenId find(std::string_view text) const;  // -1 when there is none

  // -1 when the file names none.
  TokenId bos = -1, eos = -1, unk = -1, sep = -1, cls = -1, pad = -1;
  bool add_bos = false, add_eos = false, add_space_prefix = false;
  std::set<TokenId> ends;  // any of them ends a generation

  // A part of a text: ordinary bytes, or one token that stands in it as it is.
  using Part = std::variant<std::string_view, TokenId>;
  // User-defined tokens are always found, control tokens only with `parse_special`; the longest
  // first.
  std::vector<Part> split(std::string_view text, bool parse_special) const;

 private:
  Vocabulary() = default;
  Status read_lists(const Gguf& file);
  Status read_ids(const Gguf& file);
  void index_tokens();

  std::vector<std::string> texts_;
  std::vector<float> scores_;
  std::vector<TokenKind> kinds_;
  std::unordered_map<std::string_view, TokenId> ids_;
  std::unordered_map<char, std::vector<TokenId>> special_;  // by first byte, longest first
};

}  // namespace wenyuan::llm
