#include "llm/decoder/key_value_cache.h"

#include <algorithm>

#include "base/assert.h"

namespace wenyuan::llm {
namespace {

using compute::KeyValueType;
using compute::kKeysPerBlock;

std::size_t page_count(std::size_t tokens) { return (tokens + kKeysPerBlock - 1) / kKeysPerBlock; }

// Answers, and questions about the same text, that are taken back.
constexpr std::size_t kTokensBehindWindow = 1024;

}  // namespace

void KeyValueCache::reserve(std::size_t tokens) {
  while (pages_.size() < page_count(tokens)) {
    pages_.emplace_back(shape_.heads * head_bytes());
    WY_ASSERT(pages_.back().data() != nullptr);
  }
}

void KeyValueCache::shrink(std::size_t tokens) {
  if (page_count(tokens) < pages_.size()) pages_.resize(page_count(tokens));
  pages_given_back_ = std::min(pages_given_back_, pages_.size());
}

bool KeyValueCache::can_shrink(std::size_t tokens) const {
  return tokens == 0 || pages_given_back_ * kKeysPerBlock + shape_.window <= tokens + 1 ||
         pages_given_back_ == 0;
}

void KeyValueCache::move_window(std::size_t token) {
  const std::size_t kept = shape_.window + kTokensBehindWindow;
  if (shape_.window == 0 || token < kept) return;
  for (; (pages_given_back_ + 1) * kKeysPerBlock <= token - kept; ++pages_given_back_) {
    pages_[pages_given_back_] = {};
  }
}

void KeyValueCache::store(std::size_t token, const float* keys, const float* values,
                          const compute::Kernels& kernels) {
  const std::size_t at = token % kKeysPerBlock;
  const std::size_t size = shape_.head_size;
  std::uint8_t* block = pages_[token / kKeysPerBlock].data();
  for (std::size_t head = 0; head < shape_.heads; ++head, keys += size, values += size) {
    switch (shape_.type) {
      case KeyValueType::f32:
        compute::store_key(keys, size, at, reinterpret_cast<float*>(block));
        std::copy_n(values, size, reinterpret_cast<float*>(block + part_bytes()) + at * size);
        break;
      case KeyValueType::f16: compute::store_fixed(fixed_, values, keys, at, kernels, block); break;
      case KeyValueType::q8_0:
        compute::store_row(keys, size, shape_.type, kernels, block + at * row_bytes());
        compute::store_row(values, size, shape_.type, kernels,
                           block + part_bytes() + at * row_bytes());
        break;
    }
    block += head_bytes();
  }
}

std::vector<compute::KeyValueBlock> KeyValueCache::tiles(std::size_t head,
                                                         std::size_t tokens) const {
  std::vector<compute::KeyValueBlock> blocks;
  for (std::size_t at = 0; at < tokens; at += kKeysPerBlock) {
    const std::uint8_t* own = block(head, at);
    blocks.push_back({.keys = own,
                      .values = second_part(own),
                      .value_stride = shape_.head_size,
                      .count = std::min(kKeysPerBlock, tokens - at)});
  }
  return blocks;
}

std::vector<const std::uint8_t*> KeyValueCache::blocks(std::size_t head, std::size_t tokens) const {
  std::vector<const std::uint8_t*> blocks;
  for (std::size_t at = 0; at < tokens; at += kKeysPerBlock) blocks.push_back(block(head, at));
  return blocks;
}

std::vector<compute::KeyRows> KeyValueCache::rows(std::size_t head, std::size_t tokens) const {
  std::vector<compute::KeyRows> blocks;
  for (std::size_t at = 0; at < tokens; at += kKeysPerBlock) {
    const std::uint8_t* own = block(head, at);
    blocks.push_back({.keys = own,
                      .values = second_part(own),
                      .key_stride = row_bytes(),
                      .value_stride = row_bytes(),
                      .count = std::min(kKeysPerBlock, tokens - at)});
  }
  return blocks;
}

}  // namespace wenyuan::llm
