// Softmax attention over keys and values that lie in rows, with a state that
// can be carried on from one stretch of keys to the next.
//
// The running maximum is that of Milakov and Gimelshein, "Online normalizer
// calculation for softmax", 2018.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "compute/attention.h"
#include "compute/kernels.h"

namespace wenyuan::compute {

// At most kKeysPerBlock keys and their values, a row each. The values may be
// the beginning of the keys. Sizes are multiples of 16, with q8_0 of 32.
struct KeyRows {
  const void* keys;
  const void* values;
  std::size_t key_stride;  // bytes
  std::size_t value_stride;
  std::size_t count;
};

// Puts one row into its place in a cache, and takes it out again.
void store_row(const float* row, std::size_t size, KeyValueType type, const Kernels& kernels,
               std::uint8_t* to);
void read_row(const std::uint8_t* from, std::size_t size, KeyValueType type, const Kernels& kernels,
              float* row);

// What some queries have gathered so far.
struct AttentionState {
  float* largest;  // score, one for each query
  float* sums;     // of the weights, relative to it
  float* values;   // weighted sums, value_stride apart
  std::size_t value_stride;
};

// At most kQueriesMax queries. What a query gathers does not depend on the
// other queries.
struct RowAttentionCall {
  const float* queries;  // scaled already
  std::size_t query_stride;
  std::span<const KeyRange> visible;  // one for each query; may be empty ranges
  std::span<const KeyRows> blocks;
  std::size_t first_key;  // the number of blocks[0]'s first one
  std::size_t key_size;
  std::size_t value_size;
  KeyValueType type;
  AttentionState state;
};

void reset(const AttentionState& state, std::size_t queries, std::size_t value_size);
void attend_rows(const RowAttentionCall& call, const Kernels& kernels);
// Adds what was gathered over other keys.
void merge(const AttentionState& other, std::size_t queries, std::size_t value_size,
           const Kernels& kernels, const AttentionState& into);
// Divides by the sums.
void finish(const AttentionState& state, std::size_t queries, std::size_t value_size,
            const Kernels& kernels);

}  // namespace wenyuan::compute
