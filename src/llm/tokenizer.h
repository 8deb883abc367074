// Text to token ids and back.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

using TokenId = std::int32_t;

// Bytes of a text from `begin` up to `end`.
struct TextRange {
  std::size_t begin, end;
};

struct EncodeOptions {
  // Adds what the model wants around a text: BOS/EOS, [CLS]…[SEP], <s>…</s>.
  bool add_special = true;
  // Recognises control tokens ("<|im_start|>") written in the text. Never on for text that came
  // from a document or a user.
  bool parse_special = false;
  // With parse_special: the ranges, in order and apart, inside which they are recognised; nullptr
  // means everywhere.
  const std::vector<TextRange>* trusted = nullptr;
};

// Thread-safe: every method is const and keeps no state.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Chooses by tokenizer.ggml.model ("gpt2", "llama", "t5", "bert") and tokenizer.ggml.pre.
  static Result<std::unique_ptr<Tokenizer>> create(const Gguf& file);

  virtual std::vector<TokenId> encode(std::string_view text,
                                      const EncodeOptions& options) const = 0;

  // What add_special puts before a text: BOS or [CLS], mostly one token or none.
  virtual std::vector<TokenId> prefix() const = 0;

  // The bytes of one token; they need not be whole UTF-8. Control tokens give "" unless
  // `show_special`.
  virtual std::string piece(TokenId token, bool show_special = false) const = 0;
  std::string decode(std::span<const TokenId> tokens, bool show_special = false) const;

  virtual std::size_t size() const = 0;
  virtual TokenId bos() const = 0;  // -1 when there is none
  virtual TokenId eos() const = 0;
  // EOS, end of turn and the like: generation stops at any of them.
  virtual bool is_end(TokenId token) const = 0;
};

}  // namespace wenyuan::llm
