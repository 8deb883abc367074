#include "llm/key_value_cache.h"

#include <algorithm>
#include <array>

namespace wenyuan::llm {
namespace {

std::size_t page_count(std::size_t tokens) {
  return (tokens + compute::kKeysPerBlock - 1) / compute::kKeysPerBlock;
}

}  // namespace

void KeyValueCache::reserve(std::size_t tokens) {
  while (pages_.size() < page_count(tokens)) {
    pages_.emplace_back(shape_.layers * shape_.heads * 2 * block_size());
  }
}

void KeyValueCache::shrink(std::size_t tokens) {
  if (page_count(tokens) < pages_.size()) pages_.resize(page_count(tokens));
}

void KeyValueCache::store(std::size_t layer, std::size_t token, const float* keys,
                          const float* values, const compute::Kernels& kernels) {
  std::vector<std::uint16_t>& page = pages_[token / compute::kKeysPerBlock];
  const std::size_t at = token % compute::kKeysPerBlock;
  std::array<std::uint16_t, compute::kHeadSizeMax> key;
  for (std::size_t head = 0; head < shape_.heads; ++head) {
    std::uint16_t* block = page.data() + block_at(layer, head);
    kernels.rows.to_half(keys + head * shape_.head_size, shape_.head_size, key.data());
    compute::store_key(key.data(), shape_.head_size, at, block);
    kernels.rows.to_half(values + head * shape_.head_size, shape_.head_size,
                         block + block_size() + at * shape_.head_size);
  }
}

std::vector<compute::KeyValueBlock> KeyValueCache::blocks(std::size_t layer, std::size_t head,
                                                          std::size_t tokens) const {
  std::vector<compute::KeyValueBlock> blocks;
  for (std::size_t at = 0; at < tokens; at += compute::kKeysPerBlock) {
    const std::uint16_t* block = pages_[at / compute::kKeysPerBlock].data() + block_at(layer, head);
    blocks.push_back({.keys = block,
                      .values = block + block_size(),
                      .value_stride = shape_.head_size,
                      .count = std::min(compute::kKeysPerBlock, tokens - at)});
  }
  return blocks;
}

}  // namespace wenyuan::llm
