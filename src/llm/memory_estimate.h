// What a model will take of the memory, part by part, before it is loaded.
#pragma once

#include <cstdint>
#include <optional>

#include "compute/attention.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

struct MemoryEstimate {
  std::int64_t weights = 0;          // as they are laid out for the arithmetic
  std::int64_t cache_per_token = 0;  // keys and values of one token in all layers
  std::int64_t cache = 0;            // of all users' contexts
  std::int64_t work = 0;             // states of the tokens that are computed together
  std::int64_t vocabulary = 0;

  std::int64_t total() const { return weights + cache + work + vocabulary; }
};

// For `users` sequences of `context` tokens each; `cache` as in LoadOptions. Numbers come out of an
// untrusted file: what is impossible becomes very large.
MemoryEstimate estimate_memory(const Gguf& file, std::int64_t context, std::int64_t users,
                               std::optional<compute::KeyValueType> cache = {});

}  // namespace wenyuan::llm
