// The latent vectors of one layer for one sequence: all that multi-head latent attention keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/row_attention.h"
#include "llm/decoder/blocks.h"

namespace wenyuan::llm {

// A row for each token: the normed latent vector, then the turned key that all
// heads share. Not thread-safe, but different tokens may be stored at the same time.
class LatentCache final : public LayerCache {
 public:
  LatentCache(std::size_t latent_size, std::size_t turned_size, compute::KeyValueType type)
      : row_size_(latent_size + turned_size), type_(type) {}

  void reserve(std::size_t tokens) override;
  void shrink(std::size_t tokens) override;

  void store(std::size_t token, const float* row, const compute::Kernels& kernels);
  void read(std::size_t token, const compute::Kernels& kernels, float* row) const;

  // Keys [begin, end) as attention wants them, the latent part being the values too. `begin` is a
  // multiple of kKeysPerBlock.
  std::vector<compute::KeyRows> blocks(std::size_t begin, std::size_t end) const;

 private:
  std::size_t row_bytes() const { return compute::cache_row_bytes(type_, row_size_); }
  const std::uint8_t* row(std::size_t token) const {
    return pages_[token / compute::kKeysPerBlock].data() +
           token % compute::kKeysPerBlock * row_bytes();
  }

  std::size_t row_size_;
  compute::KeyValueType type_;
  std::vector<std::vector<std::uint8_t>> pages_;  // of kKeysPerBlock tokens
};

}  // namespace wenyuan::llm
