#include "llm/decoder/latent_cache.h"

#include <algorithm>

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
  std::uint8_t* page = pages_[token / compute::kKeysPerBlock].data();
  compute::store_row(from, row_size_, type_, kernels,
                     page + token % compute::kKeysPerBlock * row_bytes());
}

void LatentCache::read(std::size_t token, const compute::Kernels& kernels, float* to) const {
  compute::read_row(row(token), row_size_, type_, kernels, to);
}

std::vector<compute::KeyRows> LatentCache::blocks(std::size_t begin, std::size_t end) const {
  std::vector<compute::KeyRows> blocks;
  for (std::size_t at = begin; at < end; at += compute::kKeysPerBlock) {
    blocks.push_back({.keys = row(at),
                      .values = row(at),
                      .key_stride = row_bytes(),
                      .value_stride = row_bytes(),
                      .count = std::min(compute::kKeysPerBlock, end - at)});
  }
  return blocks;
}

}  // namespace wenyuan::llm
