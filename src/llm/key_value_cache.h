// Keys and values of one sequence, in half precision, in pages that are taken as it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/attention.h"

namespace wenyuan::llm {

struct KeyValueShape {
  std::size_t layers;
  std::size_t heads;
  std::size_t head_size;
};

// Not thread-safe, but different tokens may be stored at the same time.
class KeyValueCache {
 public:
  explicit KeyValueCache(const KeyValueShape& shape) : shape_(shape) {}

  void reserve(std::size_t tokens);  // makes room, before anything is stored
  void shrink(std::size_t tokens);   // gives back pages behind the first `tokens`

  // heads x head_size each.
  void store(std::size_t layer, std::size_t token, const float* keys, const float* values,
             const compute::Kernels& kernels);
  // What attention wants of one head, for the first `tokens`.
  std::vector<compute::KeyValueBlock> blocks(std::size_t layer, std::size_t head,
                                             std::size_t tokens) const;

 private:
  std::size_t block_size() const { return compute::kKeysPerBlock * shape_.head_size; }
  std::size_t block_at(std::size_t layer, std::size_t head) const {
    return (layer * shape_.heads + head) * 2 * block_size();
  }

  KeyValueShape shape_;
  // A page has kKeysPerBlock tokens: for each layer and head a block of keys, then one of values.
  std::vector<std::vector<std::uint16_t>> pages_;
};

}  // namespace wenyuan::llm
