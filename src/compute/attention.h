// Softmax attention over keys and values in blocks, with a running maximum, so that no row of
// scores is ever held whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "compute/kernels.h"

namespace wenyuan::compute {

constexpr std::size_t kKeysPerBlock = 128;
constexpr std::size_t kHeadSizeMax = 256;
constexpr std::size_t kQueriesMax = 32;

// Up to kKeysPerBlock keys of one head. Key k, element i is at keys[(k / 16 * head_size + i) * 16 +
// k % 16]: tiles of 16 keys. Value k, element i is at values[k * value_stride + i].
struct KeyValueBlock {
  const void* keys;
  const void* values;
  std::size_t value_stride;
  std::size_t count;
};

enum class KeyValueType { f32, f16 };

// At most kQueriesMax queries of one head against its keys. A query sees the first `visible` keys;
// what it gets does not depend on the other queries. head_size is a multiple of 16.
struct AttentionCall {
  const float* queries;                   // count x head_size, scaled already
  std::span<const std::size_t> visible;   // one for each query, at least 1
  std::span<const KeyValueBlock> blocks;  // all full but the last
  std::size_t head_size;
  KeyValueType type;
  float* out;  // count x head_size
};
void attend(const AttentionCall& call, const Kernels& kernels);

// Puts one key into its place in a block of halves.
void store_key(const std::uint16_t* key, std::size_t head_size, std::size_t at,
               std::uint16_t* block);
void store_key(const float* key, std::size_t head_size, std::size_t at, float* block);

}  // namespace wenyuan::compute
