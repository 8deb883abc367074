#include "compute/attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/assert.h"

namespace wenyuan::compute {
namespace {

template <class T>
void scatter_key(const T* key, std::size_t head_size, std::size_t at, T* block) {
  T* lane = block + at / kTileRows * head_size * kTileRows + at % kTileRows;
  for (std::size_t i = 0; i < head_size; ++i) lane[i * kTileRows] = key[i];
}

class Attention {
 public:
  Attention(const AttentionCall& call, const Kernels& kernels)
      : call_(call),
        kernels_(kernels),
        queries_(call.visible.size()),
        dense_(call.type == KeyValueType::f32 ? kernels.tiles.dense_f32 : kernels.tiles.dense_f16) {
    WY_ASSERT(queries_ <= kQueriesMax);
    WY_ASSERT(call.key_size % kTileRows == 0 && call.value_size % kTileRows == 0);
  }

  void run() {
    largest_.fill(-std::numeric_limits<float>::infinity());
    sums_.fill(0.0F);
    std::fill_n(call_.out, queries_ * call_.value_size, 0.0F);
    std::size_t first = std::numeric_limits<std::size_t>::max();
    std::size_t last = 0;
    for (const KeyRange& range : call_.visible) {
      first = std::min(first, range.begin);
      last = std::max(last, range.end);
    }
    std::size_t begin = 0;
    for (const KeyValueBlock& block : call_.blocks) {
      if (begin >= last) break;
      if (begin + block.count > first) {
        const std::size_t count = std::min(block.count, last - begin);
        score(block, count);
        for (std::size_t query = 0; query < queries_; ++query) weigh(query, begin, count);
        add_values(block, count);
      }
      begin += block.count;
    }
    for (std::size_t query = 0; query < queries_; ++query) {
      scale(query, 1.0F / sums_[query]);
    }
  }

 private:
  void score(const KeyValueBlock& block, std::size_t count) {
    dense_({.weights = block.keys,
            .stride = kTileRows,
            .tiles = (count + kTileRows - 1) / kTileRows,
            .tile_stride = call_.key_size * kTileRows,
            .inputs = call_.key_size,
            .x = call_.queries,
            .x_stride = call_.key_size,
            .rows = queries_,
            .out = scores_.data(),
            .out_stride = kKeysPerBlock,
            .add = false});
  }

  void scale(std::size_t query, float by) {
    float* out = call_.out + query * call_.value_size;
    for (std::size_t i = 0; i < call_.value_size; ++i) out[i] *= by;
  }

  // Turns one query's scores into weights, and rescales what it has gathered so far.
  void weigh(std::size_t query, std::size_t begin, std::size_t count) {
    float* scores = scores_.data() + query * kKeysPerBlock;
    const KeyRange& visible = call_.visible[query];
    const std::size_t from = std::clamp(visible.begin, begin, begin + count) - begin;
    const std::size_t to = std::clamp(visible.end, begin, begin + count) - begin;
    if (from < to) {
      const float largest = std::max(largest_[query], kernels_.rows.max(scores + from, to - from));
      if (largest > largest_[query] && sums_[query] > 0) {
        const float shrink = std::exp(largest_[query] - largest);
        sums_[query] *= shrink;
        scale(query, shrink);
      }
      largest_[query] = largest;
      sums_[query] += kernels_.rows.exp_minus(scores + from, to - from, largest);
    }
    std::fill(scores, scores + std::min(from, to), 0.0F);
    std::fill(scores + to, scores + count, 0.0F);
  }

  void add_values(const KeyValueBlock& block, std::size_t count) {
    dense_({.weights = block.values,
            .stride = block.value_stride,
            .tiles = call_.value_size / kTileRows,
            .tile_stride = kTileRows,
            .inputs = count,
            .x = scores_.data(),
            .x_stride = kKeysPerBlock,
            .rows = queries_,
            .out = call_.out,
            .out_stride = call_.value_size,
            .add = true});
  }

  const AttentionCall& call_;
  const Kernels& kernels_;
  const std::size_t queries_;
  void (*const dense_)(const DenseTiles&);
  alignas(64) std::array<float, kQueriesMax * kKeysPerBlock> scores_;
  std::array<float, kQueriesMax> largest_;
  std::array<float, kQueriesMax> sums_;
};

}  // namespace

void attend(const AttentionCall& call, const Kernels& kernels) { Attention(call, kernels).run(); }

void store_key(const std::uint16_t* key, std::size_t head_size, std::size_t at,
               std::uint16_t* block) {
  scatter_key(key, head_size, at, block);
}

void store_key(const float* key, std::size_t head_size, std::size_t at, float* block) {
  scatter_key(key, head_size, at, block);
}

}  // namespace wenyuan::compute
