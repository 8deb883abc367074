// Chooses the next token from logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <vector>

#include "llm/tokenizer.h"

namespace wenyuan::llm {

struct SamplerOptions {
  float temperature = 0;           // 0 is greedy
  std::int32_t top_k = 0;          // 0 is off
  float top_p = 1;                 // 1 is off
  float repeat_penalty = 1;        // 1 is off
  std::size_t repeat_window = 64;  // how many of the latest tokens it looks at
  std::uint64_t seed = 0;
};

// The same options, logits and history give the same tokens, on every machine. Not thread-safe.
class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  // `logits` must not be empty. The lower id wins a tie.
  TokenId sample(std::span<const float> logits);
  // Tells of a token that is part of the text now, sampled or from the prompt.
  void accept(TokenId token);

 private:
  struct Candidate {
    float logit;
    TokenId token;
  };
  void penalise(std::span<float> logits) const;
  TokenId draw(std::span<const float> logits);
  std::size_t keep_top_p(std::size_t count);

  SamplerOptions options_;
  std::mt19937_64 random_;
  std::deque<TokenId> recent_;
  std::vector<float> logits_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;
};

}  // namespace wenyuan::llm
