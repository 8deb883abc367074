#include "llm/decoder/key_value_cache.h"

#include <algorithm>
#include <array>

namespace wenyuan::llm {
namespace {

std::size_t page_count(std::size_t tokens) {
  return (tokens + compute::kKeysPerBlock - 1) / compute::kKeysPerBlock;
}

}  // namespace

void KeyValueCache::reserve(std::size_t tokens) {
  while (pages_.size() < page_count(tokens)) pages_.emplace_back(shape_.heads * 2 * block_bytes());
}

void KeyValueCache::shrink(std::size_t tokens) {
  if (page_count(tokens) < pages_.size()) pages_.resize(page_count(tokens));
}

void KeyValueCache::store(std::size_t token, const float* keys, const float* values,
                          const compute::Kernels& kernels) {
  const std::size_t at = token % compute::kKeysPerBlock;
  const std::size_t size = shape_.head_size;
  for (std::size_t head = 0; head < shape_.heads; ++head, keys += size, values += size) {
    std::uint8_t* block = pages_[token / compute::kKeysPerBlock].data() + head * 2 * block_bytes();
    if (shape_.type == compute::KeyValueType::q8_0) {
      compute::store_row(keys, size, shape_.type, kernels, block + at * row_bytes());
      compute::store_row(values, size, shape_.type, kernels,
                         block + block_bytes() + at * row_bytes());
      continue;
    }
    if (shape_.type == compute::KeyValueType::f32) {
      compute::store_key(keys, size, at, reinterpret_cast<float*>(block));
      std::copy_n(values, size, reinterpret_cast<float*>(block + block_bytes()) + at * size);
      continue;
    }
    std::array<std::uint16_t, compute::kHeadSizeMax> key;
    kernels.rows.to_half(keys, size, key.data());
    compute::store_key(key.data(), size, at, reinterpret_cast<std::uint16_t*>(block));
    kernels.rows.to_half(values, size,
                         reinterpret_cast<std::uint16_t*>(block + block_bytes()) + at * size);
  }
}

std::vector<compute::KeyValueBlock> KeyValueCache::blocks(std::size_t head,
                                                          std::size_t tokens) const {
  std::vector<compute::KeyValueBlock> blocks;
  for (std::size_t at = 0; at < tokens; at += compute::kKeysPerBlock) {
    const std::uint8_t* block = this->block(head, at);
    blocks.push_back({.keys = block,
                      .values = block + block_bytes(),
                      .value_stride = shape_.head_size,
                      .count = std::min(compute::kKeysPerBlock, tokens - at)});
  }
  return blocks;
}

std::vector<compute::KeyRows> KeyValueCache::rows(std::size_t head, std::size_t tokens) const {
  std::vector<compute::KeyRows> blocks;
  for (std::size_t at = 0; at < tokens; at += compute::kKeysPerBlock) {
    const std::uint8_t* block = this->block(head, at);
    blocks.push_back({.keys = block,
                      .values = block + block_bytes(),
                      .key_stride = row_bytes(),
                      .value_stride = row_bytes(),
                      .count = std::min(compute::kKeysPerBlock, tokens - at)});
  }
  return blocks;
}

}  // namespace wenyuan::llm
