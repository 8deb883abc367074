#include "llm/decoder/latent_cache.h"

#include <algorithm>
#include <cstring>

#include "base/half.h"

namespace wenyuan::llm {
namespace {

std::size_t page_count(std::size_t tokens) {
  return (tokens + compute::kKeysPerBlock - 1) / compute::kKeysPerBlock;
}

}  // namespace

void LatentCache::reserve(std::size_t tokens) {
  while (pages_.size() < page_count(tokens)) {
    pages_.emplace_back(compute::kKeysPerBlock * row_bytes());
  }
}

void LatentCache::shrink(std::size_t tokens) {
  if (page_count(tokens) < pages_.size()) pages_.resize(page_count(tokens));
}

void LatentCache::store(std::size_t token, const float* from, const compute::Kernels& kernels) {
  std::uint8_t* to =
      pages_[token / compute::kKeysPerBlock].data() + token % compute::kKeysPerBlock * row_bytes();
  if (type_ == compute::KeyValueType::f32) {
    std::memcpy(to, from, row_bytes());
  } else {
    kernels.rows.to_half(from, row_size_, reinterpret_cast<std::uint16_t*>(to));
  }
}

void LatentCache::read(std::size_t token, float* to) const {
  if (type_ == compute::KeyValueType::f32) {
    std::memcpy(to, row(token), row_bytes());
    return;
  }
  const auto* from = reinterpret_cast<const std::uint16_t*>(row(token));
  for (std::size_t i = 0; i < row_size_; ++i) to[i] = half_to_float(from[i]);
}

std::vector<compute::KeyRows> LatentCache::blocks(std::size_t begin, std::size_t end) const {
  std::vector<compute::KeyRows> blocks;
  for (std::size_t at = begin; at < end; at += compute::kKeysPerBlock) {
    blocks.push_back({.keys = row(at),
                      .key_stride = row_size_,
                      .values = row(at),
                      .value_stride = row_size_,
                      .count = std::min(compute::kKeysPerBlock, end - at)});
  }
  return blocks;
}

}  // namespace wenyuan::llm
