// The two kinds of blocks that a decoder's layer is made of.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "llm/decoder/stream.h"

namespace wenyuan::llm {

// What one layer keeps of a sequence's tokens.
class LayerCache {
 public:
  virtual ~LayerCache() = default;
  virtual void reserve(std::size_t tokens) = 0;  // makes room, before anything is stored
  virtual void shrink(std::size_t tokens) = 0;   // gives back what is behind the first `tokens`
  // Whether there is still what tokens behind the first `tokens` see.
  virtual bool can_shrink(std::size_t) const { return true; }
};

// Where a block's result goes: rows of the stream's width.
struct BlockOutput {
  float* rows;
  bool add;  // to what is there
};

class Attention {
 public:
  virtual ~Attention() = default;
  virtual std::unique_ptr<LayerCache> new_cache() const = 0;
  // Keeps the pass's tokens in the cache (one of new_cache()'s) and gives the result for its tokens
  // from the one numbered `first` on. Reads the stream's states through `norm`.
  virtual void run(Stream& stream, const Pass& pass, std::size_t first, LayerCache& cache,
                   const std::vector<float>& norm, const BlockOutput& out) = 0;
};

class FeedForward {
 public:
  virtual ~FeedForward() = default;
  virtual void run(Stream& stream, std::size_t rows, const std::vector<float>& norm,
                   const BlockOutput& out) = 0;
};

}  // namespace wenyuan::llm
