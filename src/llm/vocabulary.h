// The tokens of a model file, and what its metadata says about them.
#pragma once

#include <array>
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
  // As in the file, but control where it is a mark that only a template may write (see
  // vocabulary_marks.h), whatever the file calls it.
  TokenKind kind(TokenId token) const;
  TokenId find(std::string_view text) const;  // -1 when there is none
  // The same among the tokens that plain text may consist of.
  TokenId find_plain(std::string_view text) const;
  // Normal, user-defined or unused, and not only the template's to write.
  bool is_plain(TokenId token) const;

  // -1 when the file names none.
  TokenId bos = -1, eos = -1, unk = -1, sep = -1, cls = -1, pad = -1;
  bool add_bos = false, add_eos = false, add_space_prefix = false;
  std::set<TokenId> ends;  // any of them ends a generation

  // A part of a text: ordinary bytes, or one token that stands in it as it is.
  using Part = std::variant<std::string_view, TokenId>;
  // User-defined tokens are found everywhere; control tokens, and those that the chat template
  // writes, only where the options allow it. The longest first.
  std::vector<Part> split(std::string_view text, const EncodeOptions& options) const;

 private:
  Vocabulary() = default;
  Status read_lists(const Gguf& file);
  Status read_ids(const Gguf& file);
  void guard_marks(const Gguf& file);
  void index_tokens();

  // The longest token that stands in the text as it is at this place; -1 when there is none.
  template <class MayWrite>
  TokenId written_at(std::string_view text, std::size_t at, MayWrite may_write) const;
  // Only trusted text may write it.
  bool is_guarded(TokenId token) const;

  std::vector<std::string> texts_;
  std::vector<float> scores_;
  std::vector<TokenKind> kinds_;
  std::set<TokenId> guarded_;  // user-defined ones that the template writes
  std::unordered_map<std::string_view, TokenId> ids_;
  std::vector<TokenId> written_;  // tokens that texts may hold as they are, sorted by text
  std::array<std::size_t, 257> by_byte_{};  // where those with a first byte begin
};

}  // namespace wenyuan::llm
