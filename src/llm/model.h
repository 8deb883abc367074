// A model loaded into memory: the decoder and the encoder as the engine's service uses them.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "base/result.h"
#include "compute/thread_pool.h"
#include "llm/gguf.h"
#include "llm/tokenizer.h"
#include "llm/weights.h"

namespace wenyuan::llm {

// The state of one sequence: its tokens so far, and their keys and values. Not thread-safe; lives
// no longer than its decoder.
class Sequence {
 public:
  virtual ~Sequence() = default;
  virtual std::size_t size() const = 0;  // tokens held
  // Forgets everything behind the first `size` tokens. A model whose layers see a window of the
  // tokens may not have any more what the next ones would see, and then forgets all. Returns how
  // many are left.
  virtual std::size_t truncate(std::size_t size) = 0;
};

// Asked now and then; true: stop with the error `cancelled`.
using CancelCheck = std::function<bool()>;

// A decoder-only language model. One thread at a time.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // unsupported_media names the architecture or tensor type that we cannot run.
  static Result<std::unique_ptr<Decoder>> load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads,
                                               const LoadOptions& options = {});

  virtual std::size_t context_length() const = 0;
  virtual std::size_t vocabulary_size() const = 0;
  virtual Result<std::unique_ptr<Sequence>> new_sequence(std::size_t tokens_max) = 0;
  // Appends the tokens; returns the logits (vocabulary_size floats) behind the last one. The span
  // is valid until the next call. Asks between layers whether to stop; then the sequence has the
  // tokens of the passes that were finished.
  virtual Result<std::span<const float>> append(Sequence& sequence, std::span<const TokenId> tokens,
                                                const CancelCheck& is_cancelled = {}) = 0;
};

// An encoder that makes one vector of a text. One thread at a time.
class Encoder {
 public:
  virtual ~Encoder() = default;
  static Result<std::unique_ptr<Encoder>> load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads,
                                               const LoadOptions& options = {});

  virtual std::size_t context_length() const = 0;  // tokens, special ones included
  virtual std::size_t vector_size() const = 0;
  // One unit vector for each token list (special tokens included, each at most context_length()).
  virtual Result<std::vector<std::vector<float>>> encode(
      std::span<const std::vector<TokenId>> texts) = 0;
};

// Two texts in one list of tokens, special tokens included.
struct TokenPair {
  std::vector<TokenId> tokens;
  std::size_t second = 0;  // where the second text begins; 0: there is none
};

// An encoder that reads two texts together and says how well the second answers the first. One
// thread at a time.
class CrossEncoder {
 public:
  virtual ~CrossEncoder() = default;
  static Result<std::unique_ptr<CrossEncoder>> load(std::shared_ptr<const Gguf> file,
                                                    compute::ThreadPool& threads,
                                                    const LoadOptions& options = {});

  virtual std::size_t context_length() const = 0;  // tokens of a pair
  // Higher is better; scores of different models cannot be compared.
  virtual Result<std::vector<float>> score(std::span<const TokenPair> pairs) = 0;
};

}  // namespace wenyuan::llm
