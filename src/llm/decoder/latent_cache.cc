#include "llm/decoder/latent_cache.h"

#include <algorithm>

#include "base/assert.h"

namespace wenyuan::llm {
namespace {

using compute::kKeysPerBlock;

std::size_t page_count(std::size_t tokens) { return (tokens + kKeysPerBlock - 1) / kKeysPerBlock; }

}  // namespace

void LatentCache::reserve(std::size_t tokens) {
  while (pages_.size() < page_count(tokens)) {
    pages_.emplace_back(page_bytes());
    WY_ASSERT(pages_.back().data() != nullptr);
  }
}

void LatentCache::shrink(std::size_t tokens) {
  if (page_count(tokens) < pages_.size()) pages_.resize(page_count(tokens));
}

void LatentCache::store(std::size_t token, const float* row, const compute::Kernels& kernels) {
  std::uint8_t* page = pages_[token / kKeysPerBlock].data();
  const std::size_t at = token % kKeysPerBlock;
  if (is_fixed()) {
    compute::store_fixed(shape_, row, row + shape_.row, at, kernels, page);
  } else {
    compute::store_row(row, shape_.key(), type_, kernels, page + at * row_bytes());
  }
}

void LatentCache::read(std::size_t token, const compute::Kernels& kernels, float* row) const {
  const std::size_t at = token % kKeysPerBlock;
  if (is_fixed()) {
    compute::read_fixed(shape_, page_of(token), at, row, row + shape_.row);
  } else {
    compute::read_row(page_of(token) + at * row_bytes(), shape_.key(), type_, kernels, row);
  }
}

std::vector<const std::uint8_t*> LatentCache::blocks(std::size_t begin, std::size_t end) const {
  std::vector<const std::uint8_t*> blocks;
  for (std::size_t at = begin; at < end; at += kKeysPerBlock) blocks.push_back(page_of(at));
  return blocks;
}

std::vector<compute::KeyRows> LatentCache::rows(std::size_t begin, std::size_t end) const {
  std::vector<compute::KeyRows> blocks;
  for (std::size_t at = begin; at < end; at += kKeysPerBlock) {
    blocks.push_back({.keys = page_of(at),
                      .values = page_of(at),
                      .key_stride = row_bytes(),
                      .value_stride = row_bytes(),
                      .count = std::min(kKeysPerBlock, end - at)});
  }
  return blocks;
}

}  // namespace wenyuan::llm
