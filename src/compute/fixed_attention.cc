#include "compute/fixed_attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/assert.h"
#include "compute/fixed_rows.h"

namespace wenyuan::compute {
namespace {

// Neighbours of a row that lie together.
constexpr std::size_t kFourNumbers = 8;
constexpr std::size_t kTileNumbers = 2;

// The parts of a block.
template <class Byte, class Number, class Scale>
struct Parts {
  Parts(const FixedShape& shape, Byte* block)
      : rows(reinterpret_cast<Number*>(block)),
        tiles(reinterpret_cast<Number*>(block + shape.tiles_at())),
        row_scales(reinterpret_cast<Scale*>(block + shape.scales_at())),
        tile_scales(row_scales + kKeysPerBlock) {}
  Number* rows;
  Number* tiles;
  Scale* row_scales;
  Scale* tile_scales;
};
using StoredParts = Parts<const std::uint8_t, const std::int16_t, const float>;
using NewParts = Parts<std::uint8_t, std::int16_t, float>;

// Where the first numbers of a key are, and how far the next ones of as many.
struct Place {
  std::size_t begin;
  std::size_t step;
};
Place in_fours(std::size_t size, std::size_t at) {
  return {at / 4 * 4 * size + at % 4 * kFourNumbers, 4 * kFourNumbers};
}
Place in_tiles(std::size_t size, std::size_t at) {
  return {at / kTileRows * kTileRows * size + at % kTileRows * kTileNumbers,
          kTileRows * kTileNumbers};
}

// Puts numbers that follow each other into a block, so many at a time.
template <std::size_t at_once>
void scatter(const std::int16_t* from, std::size_t size, const Place& place, std::int16_t* block) {
  std::int16_t* to = block + place.begin;
  for (std::size_t i = 0; i < size; i += at_once, to += place.step) {
    std::copy_n(from + i, at_once, to);
  }
}

template <std::size_t at_once>
void collect(const std::int16_t* block, std::size_t size, const Place& place, float scale,
             float* to) {
  const std::int16_t* from = block + place.begin;
  for (std::size_t i = 0; i < size; i += at_once, from += place.step) {
    for (std::size_t k = 0; k < at_once; ++k) to[i + k] = static_cast<float>(from[k]) * scale;
  }
}

class FixedAttention {
 public:
  FixedAttention(const FixedAttentionCall& call, const Kernels& kernels)
      : call_(call), kernels_(kernels), queries_(call.visible.size()) {
    WY_ASSERT(queries_ <= kQueriesMax);
    WY_ASSERT(call.shape.row % kTileRows == 0 && call.shape.tiled % kTileRows == 0);
  }

  void run() {
    for (std::size_t block = 0; block < call_.blocks.size(); ++block) {
      const std::size_t begin = call_.first_key + block * kKeysPerBlock;
      if (const std::size_t count = seen(begin); count > 0) {
        const StoredParts parts(call_.shape, call_.blocks[block]);
        score(parts, count);
        for (std::size_t i = 0; i < queries_; ++i) weigh(i, begin);
        for (std::size_t at = 0; at < count; at += kFixedWeightCount) {
          add_values(parts, at, std::min(count - at, kFixedWeightCount));
        }
      }
    }
  }

 private:
  // How many keys of a block there are up to the last one that is seen.
  std::size_t seen(std::size_t begin) const {
    std::size_t count = 0;
    for (const KeyRange& range : call_.visible) {
      if (range.begin >= range.end || range.end <= begin) continue;
      if (range.begin >= begin + kKeysPerBlock) continue;
      count = std::max(count, std::min(range.end - begin, kKeysPerBlock));
    }
    return count;
  }

  void score(const StoredParts& parts, std::size_t count) {
    const FixedShape& shape = call_.shape;
    FixedDots dots{.keys = parts.rows,
                   .key_scales = parts.row_scales,
                   .key_count = count,
                   .size = shape.row,
                   .x = call_.queries.numbers,
                   .x_stride = shape.key(),
                   .x_scales = call_.queries.row_scales,
                   .rows = queries_,
                   .out = scores_.data(),
                   .out_stride = kKeysPerBlock,
                   .add = false};
    if (shape.is_row_in_key) {
      kernels_.fixed.fours(dots);
      dots.x += shape.row;
    }
    dots.keys = parts.tiles;
    dots.key_scales = parts.tile_scales;
    dots.size = shape.tiled;
    dots.x_scales = call_.queries.tiled_scales;
    dots.add = shape.is_row_in_key;
    kernels_.fixed.tiles(dots);
  }

  // Turns one query's scores into weights, and rescales what it has gathered so
  // far.
  void weigh(std::size_t query, std::size_t begin) {
    float* scores = scores_.data() + query * kKeysPerBlock;
    const KeyRange& visible = call_.visible[query];
    const std::size_t from = std::clamp(visible.begin, begin, begin + kKeysPerBlock) - begin;
    const std::size_t to = std::clamp(visible.end, begin, begin + kKeysPerBlock) - begin;
    if (from < to) {
      float& largest = call_.state.largest[query];
      float& sum = call_.state.sums[query];
      const float now = std::max(largest, kernels_.rows.max(scores + from, to - from));
      if (now > largest && sum > 0) {
        const float shrink = std::exp(largest - now);
        sum *= shrink;
        kernels_.rows.scale(call_.state.values + query * call_.state.value_stride, call_.shape.row,
                            shrink);
      }
      largest = now;
      sum += kernels_.rows.exp_minus(scores + from, to - from, now);
    }
    std::fill(scores, scores + std::min(from, to), 0.0F);
    std::fill(scores + to, scores + kKeysPerBlock, 0.0F);
  }

  void add_values(const StoredParts& parts, std::size_t at, std::size_t count) {
    const std::size_t whole = (count + kTileRows - 1) / kTileRows * kTileRows;
    for (std::size_t i = 0; i < queries_; ++i) {
      units_[i] =
          kernels_.fixed.to_weights(scores_.data() + i * kKeysPerBlock + at, parts.row_scales + at,
                                    whole, weights_.data() + i * kFixedWeightCount);
    }
    kernels_.fixed.sums({.values = parts.rows + at * call_.shape.row,
                         .count = count,
                         .size = call_.shape.row,
                         .weights = weights_.data(),
                         .weight_stride = kFixedWeightCount,
                         .scales = units_.data(),
                         .rows = queries_,
                         .out = call_.state.values,
                         .out_stride = call_.state.value_stride});
  }

  const FixedAttentionCall& call_;
  const Kernels& kernels_;
  const std::size_t queries_;
  alignas(64) std::array<float, kQueriesMax * kKeysPerBlock> scores_;
  alignas(64) std::array<std::int16_t, kQueriesMax * kFixedWeightCount> weights_;
  std::array<float, kQueriesMax> units_;
};

}  // namespace

void store_fixed(const FixedShape& shape, const float* row, const float* tiled, std::size_t at,
                 const Kernels& kernels, std::uint8_t* block) {
  const NewParts parts(shape, block);
  std::vector<std::int16_t> numbers(std::max(shape.row, shape.tiled));
  parts.row_scales[at] = kernels.fixed.to_fixed(row, shape.row, numbers.data());
  scatter<kFourNumbers>(numbers.data(), shape.row, in_fours(shape.row, at), parts.rows);
  parts.tile_scales[at] = kernels.fixed.to_fixed(tiled, shape.tiled, numbers.data());
  scatter<kTileNumbers>(numbers.data(), shape.tiled, in_tiles(shape.tiled, at), parts.tiles);
}

void read_fixed(const FixedShape& shape, const std::uint8_t* block, std::size_t at, float* row,
                float* tiled) {
  const StoredParts parts(shape, block);
  collect<kFourNumbers>(parts.rows, shape.row, in_fours(shape.row, at), parts.row_scales[at], row);
  collect<kTileNumbers>(parts.tiles, shape.tiled, in_tiles(shape.tiled, at), parts.tile_scales[at],
                        tiled);
}

void store_query(const FixedShape& shape, const float* query, const Kernels& kernels,
                 std::size_t at, const FixedQueries& queries) {
  std::int16_t* to = queries.numbers + at * shape.key();
  if (shape.is_row_in_key) {
    queries.row_scales[at] = kernels.fixed.to_fixed(query, shape.row, to);
    query += shape.row;
    to += shape.row;
  }
  queries.tiled_scales[at] = kernels.fixed.to_fixed(query, shape.tiled, to);
}

void attend_fixed(const FixedAttentionCall& call, const Kernels& kernels) {
  FixedAttention(call, kernels).run();
}

}  // namespace wenyuan::compute
