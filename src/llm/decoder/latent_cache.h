// The latent vectors of one layer for one sequence: all that multi-head latent attention keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/aligned_buffer.h"
#include "compute/fixed_attention.h"
#include "compute/row_attention.h"
#include "llm/decoder/blocks.h"

namespace wenyuan::llm {

// Of each token the normed latent vector, then the turned key that all heads share. Not
// thread-safe, but different tokens may be stored at the same time.
class LatentCache final : public LayerCache {
 public:
  LatentCache(std::size_t latent_size, std::size_t turned_size, compute::KeyValueType type)
      : shape_{latent_size, turned_size, true}, type_(type) {}

  void reserve(std::size_t tokens) override;
  void shrink(std::size_t tokens) override;

  void store(std::size_t token, const float* row, const compute::Kernels& kernels);
  void read(std::size_t token, const compute::Kernels& kernels, float* row) const;

  // Keys [begin, end) as attention wants them, the latent part being the values too; `begin` is a
  // multiple of kKeysPerBlock. f16: whole blocks; the other types: rows.
  std::vector<const std::uint8_t*> blocks(std::size_t begin, std::size_t end) const;
  std::vector<compute::KeyRows> rows(std::size_t begin, std::size_t end) const;
  const compute::FixedShape& shape() const { return shape_; }

 private:
  bool is_fixed() const { return type_ == compute::KeyValueType::f16; }
  std::size_t row_bytes() const { return compute::cache_row_bytes(type_, shape_.key()); }
  std::size_t page_bytes() const {
    return is_fixed() ? shape_.block_bytes() : compute::kKeysPerBlock * row_bytes();
  }
  const std::uint8_t* page_of(std::size_t token) const {
    return pages_[token / compute::kKeysPerBlock].data();
  }

  compute::FixedShape shape_;
  compute::KeyValueType type_;
  std::vector<compute::AlignedBuffer> pages_;  // of kKeysPerBlock tokens
};

}  // namespace wenyuan::llm
