// Keys and values of one layer for one sequence, in pages that are taken as it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/row_attention.h"
#include "llm/decoder/blocks.h"

namespace wenyuan::llm {

struct KeyValueShape {
  std::size_t heads;
  std::size_t head_size;
  compute::KeyValueType type = compute::KeyValueType::f16;
};

// Not thread-safe, but different tokens may be stored at the same time.
class KeyValueCache final : public LayerCache {
 public:
  explicit KeyValueCache(const KeyValueShape& shape) : shape_(shape) {}

  void reserve(std::size_t tokens) override;
  void shrink(std::size_t tokens) override;

  // heads x head_size each.
  void store(std::size_t token, const float* keys, const float* values,
             const compute::Kernels& kernels);
  // What attention wants of one head, for the first `tokens`: tiles, or with q8_0 rows.
  std::vector<compute::KeyValueBlock> blocks(std::size_t head, std::size_t tokens) const;
  std::vector<compute::KeyRows> rows(std::size_t head, std::size_t tokens) const;

 private:
  std::size_t row_bytes() const { return compute::cache_row_bytes(shape_.type, shape_.head_size); }
  std::size_t block_bytes() const { return compute::kKeysPerBlock * row_bytes(); }
  const std::uint8_t* block(std::size_t head, std::size_t token) const {
    return pages_[token / compute::kKeysPerBlock].data() + head * 2 * block_bytes();
  }

  KeyValueShape shape_;
  // A page has kKeysPerBlock tokens: for each head a block of keys, then one of values.
  std::vector<std::vector<std::uint8_t>> pages_;
};

}  // namespace wenyuan::llm
