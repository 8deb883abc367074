// Softmax attention over keys and values that are kept as 16-bit integers
// (fixed_rows.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "compute/attention.h"
#include "compute/kernels.h"
#include "compute/row_attention.h"

namespace wenyuan::compute {

// How a key and its value are kept. Each of the two parts has a scale of its
// own.
struct FixedShape {
  std::size_t row;     // numbers of the value; a multiple of 16
  std::size_t tiled;   // numbers that only the key has; a multiple of 16
  bool is_row_in_key;  // the key begins with the value

  std::size_t key() const { return tiled + (is_row_in_key ? row : 0); }
  // Of a block of kKeysPerBlock keys: the rows in fours, the rest in tiles, the
  // rows' scales, the tiles' scales.
  std::size_t tiles_at() const { return kKeysPerBlock * row * sizeof(std::int16_t); }
  std::size_t scales_at() const { return kKeysPerBlock * (row + tiled) * sizeof(std::int16_t); }
  std::size_t block_bytes() const { return scales_at() + 2 * kKeysPerBlock * sizeof(float); }
};

// Puts a key into its place in a block of zeros, or takes it out again; `row`
// and `tiled` are its two parts.
void store_fixed(const FixedShape& shape, const float* row, const float* tiled, std::size_t at,
                 const Kernels& kernels, std::uint8_t* block);
void read_fixed(const FixedShape& shape, const std::uint8_t* block, std::size_t at, float* row,
                float* tiled);

// Queries, scaled already, in the form that their products with keys want.
struct FixedQueries {
  std::int16_t* numbers;  // shape.key() apart
  float* row_scales;
  float* tiled_scales;
};
void store_query(const FixedShape& shape, const float* query, const Kernels& kernels,
                 std::size_t at, const FixedQueries& queries);

// At most kQueriesMax queries. What a query gathers does not depend on the
// other queries.
struct FixedAttentionCall {
  FixedQueries queries;
  std::span<const KeyRange> visible;            // one for each query; may be empty ranges
  std::span<const std::uint8_t* const> blocks;  // those that no query sees may be null
  std::size_t first_key;                        // the number of blocks[0]'s first one
  FixedShape shape;
  AttentionState state;
};
void attend_fixed(const FixedAttentionCall& call, const Kernels& kernels);

}  // namespace wenyuan::compute
