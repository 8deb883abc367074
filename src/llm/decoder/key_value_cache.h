// Keys and values of one layer for one sequence, in pages that are taken as it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/aligned_buffer.h"
#include "compute/attention.h"
#include "compute/fixed_attention.h"
#include "compute/row_attention.h"
#include "llm/decoder/blocks.h"

namespace wenyuan::llm {

struct KeyValueShape {
  std::size_t heads;
  std::size_t head_size;
  std::size_t window = 0;  // tokens that one sees, itself included; 0: all before it
  compute::KeyValueType type = compute::KeyValueType::f16;
};

// Not thread-safe, but different tokens may be stored at the same time.
class KeyValueCache final : public LayerCache {
 public:
  explicit KeyValueCache(const KeyValueShape& shape)
      : shape_(shape), fixed_{shape.head_size, shape.head_size, false} {}

  void reserve(std::size_t tokens) override;
  void shrink(std::size_t tokens) override;
  bool can_shrink(std::size_t tokens) const override;
  // Gives back the pages that no token from `token` on sees, except for some tokens more: so many
  // may be taken back and others appended in their place.
  void move_window(std::size_t token);

  // heads x head_size each.
  void store(std::size_t token, const float* keys, const float* values,
             const compute::Kernels& kernels);
  // What attention wants of one head, for the first `tokens`: with f32 tiles, with f16 whole blocks
  // of integers, with q8_0 rows. What was given back is null.
  std::vector<compute::KeyValueBlock> tiles(std::size_t head, std::size_t tokens) const;
  std::vector<const std::uint8_t*> blocks(std::size_t head, std::size_t tokens) const;
  std::vector<compute::KeyRows> rows(std::size_t head, std::size_t tokens) const;
  const compute::FixedShape& fixed_shape() const { return fixed_; }

 private:
  std::size_t row_bytes() const { return compute::cache_row_bytes(shape_.type, shape_.head_size); }
  // Of f32 and q8_0, whose keys and values lie in two parts.
  std::size_t part_bytes() const { return compute::kKeysPerBlock * row_bytes(); }
  std::size_t head_bytes() const {
    return shape_.type == compute::KeyValueType::f16 ? fixed_.block_bytes() : 2 * part_bytes();
  }
  // Null when it was given back.
  const std::uint8_t* block(std::size_t head, std::size_t token) const {
    const std::uint8_t* page = pages_[token / compute::kKeysPerBlock].data();
    return page == nullptr ? nullptr : page + head * head_bytes();
  }
  const std::uint8_t* second_part(const std::uint8_t* block) const {
    return block == nullptr ? nullptr : block + part_bytes();
  }

  KeyValueShape shape_;
  compute::FixedShape fixed_;
  // A page has kKeysPerBlock tokens: for each head a block.
  std::vector<compute::AlignedBuffer> pages_;
  std::size_t pages_given_back_ = 0;  // the first ones
};

}  // namespace wenyuan::llm
