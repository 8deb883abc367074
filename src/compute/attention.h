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

// Up to kKeysPerBlock keys of one head. Key k, element i is at keys[(k / 16 * key_size + i) * 16 +
// k % 16]: tiles of 16 keys. Value k, element i is at values[k * value_stride + i].
struct KeyValueBlock {
  const void* keys;
  const void* values;
  std::size_t value_stride;
  std::size_t count;
};

// f16: 16 bits a number, in caches as integers (fixed_rows.h). q8_0: 32 in 34 bytes, as in files.
enum class KeyValueType { f32, f16, q8_0 };
constexpr std::size_t cache_row_bytes(KeyValueType type, std::size_t elements) {
  switch (type) {
    case KeyValueType::f32: return elements * 4;
    case KeyValueType::f16: return elements * 2;
    case KeyValueType::q8_0: return elements / 32 * 34;
  }
  return 0;
}

// Keys [begin, end) are those that a query sees; at least one.
struct KeyRange {
  std::size_t begin;
  std::size_t end;
};

// At most kQueriesMax queries of one head against its keys. What a query gets does not depend on
// the other queries. Both sizes are multiples of 16.
struct AttentionCall {
  const float* queries;                   // count x key_size, scaled already
  std::span<const KeyRange> visible;      // one for each query
  std::span<const KeyValueBlock> blocks;  // all full but the last
  std::size_t key_size;
  std::size_t value_size;
  KeyValueType type;  // f32 or f16
  float* out;         // count x value_size
};
void attend(const AttentionCall& call, const Kernels& kernels);

// Puts one key into its place in a block of halves.
void store_key(const std::uint16_t* key, std::size_t head_size, std::size_t at,
               std::uint16_t* block);
void store_key(const float* key, std::size_t head_size, std::size_t at, float* block);

}  // namespace wenyuan::compute
