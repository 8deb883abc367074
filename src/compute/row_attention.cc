#include "compute/row_attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/assert.h"
#include "base/half.h"

namespace wenyuan::compute {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

class RowAttention {
 public:
  RowAttention(const RowAttentionCall& call, const Kernels& kernels)
      : call_(call), kernels_(kernels), is_f16_(call.type == KeyValueType::f16) {
    WY_ASSERT(call.visible.size() <= kQueriesMax);
    const std::size_t unit = call.type == KeyValueType::q8_0 ? 32 : kTileRows;
    WY_ASSERT(call.key_size % unit == 0 && call.value_size % unit == 0);
  }

  void run() {
    std::size_t begin = call_.first_key;
    for (const KeyRows& block : call_.blocks) {
      const std::size_t end = begin + block.count;
      const bool is_seen =
          std::any_of(call_.visible.begin(), call_.visible.end(), [&](const KeyRange& range) {
            return range.begin < end && begin < range.end && range.begin < range.end;
          });
      if (is_seen) {
        const KeyRows plain = call_.type == KeyValueType::q8_0 ? decoded(block) : block;
        score(plain);
        for (std::size_t i = 0; i < call_.visible.size(); ++i) weigh(i, begin, block.count);
        add_values(plain);
      }
      begin = end;
    }
  }

 private:
  KeyRows decoded(const KeyRows& block) {
    KeyRows plain{.keys = nullptr,
                  .values = nullptr,
                  .key_stride = call_.key_size * sizeof(float),
                  .value_stride = call_.key_size * sizeof(float),
                  .count = block.count};
    const auto decode = [&](const void* rows, std::size_t stride, std::size_t size,
                            std::vector<float>& out) {
      if (out.size() < kKeysPerBlock * size) out.resize(kKeysPerBlock * size);
      for (std::size_t i = 0; i < block.count; ++i) {
        kernels_.dots.from_q8_0(static_cast<const std::uint8_t*>(rows) + i * stride, size,
                                out.data() + i * size);
      }
    };
    decode(block.keys, block.key_stride, call_.key_size, keys_);
    plain.keys = plain.values = keys_.data();
    if (block.values == block.keys) return plain;
    decode(block.values, block.value_stride, call_.value_size, values_);
    plain.values = values_.data();
    plain.value_stride = call_.value_size * sizeof(float);
    return plain;
  }

  std::size_t in_elements(std::size_t stride) const {
    return stride / (is_f16_ ? sizeof(std::uint16_t) : sizeof(float));
  }

  void score(const KeyRows& block) {
    (is_f16_ ? kernels_.dots.f16 : kernels_.dots.f32)({.keys = block.keys,
                                                       .key_stride = in_elements(block.key_stride),
                                                       .key_count = block.count,
                                                       .size = call_.key_size,
                                                       .x = call_.queries,
                                                       .x_stride = call_.query_stride,
                                                       .rows = call_.visible.size(),
                                                       .out = scores_.data(),
                                                       .out_stride = kKeysPerBlock});
  }

  // Turns one query's scores into weights, and rescales what it has gathered so
  // far.
  void weigh(std::size_t query, std::size_t begin, std::size_t count) {
    float* scores = scores_.data() + query * kKeysPerBlock;
    const KeyRange& visible = call_.visible[query];
    const std::size_t from = std::clamp(visible.begin, begin, begin + count) - begin;
    const std::size_t to = std::clamp(visible.end, begin, begin + count) - begin;
    if (from < to) {
      float& largest = call_.state.largest[query];
      float& sum = call_.state.sums[query];
      const float now = std::max(largest, kernels_.rows.max(scores + from, to - from));
      if (now > largest && sum > 0) {
        const float shrink = std::exp(largest - now);
        sum *= shrink;
        kernels_.rows.scale(call_.state.values + query * call_.state.value_stride, call_.value_size,
                            shrink);
      }
      largest = now;
      sum += kernels_.rows.exp_minus(scores + from, to - from, now);
    }
    std::fill(scores, scores + std::min(from, to), 0.0F);
    std::fill(scores + to, scores + count, 0.0F);
  }

  void add_values(const KeyRows& block) {
    (is_f16_ ? kernels_.tiles.dense_f16
             : kernels_.tiles.dense_f32)({.weights = block.values,
                                          .stride = in_elements(block.value_stride),
                                          .tiles = call_.value_size / kTileRows,
                                          .tile_stride = kTileRows,
                                          .inputs = block.count,
                                          .x = scores_.data(),
                                          .x_stride = kKeysPerBlock,
                                          .rows = call_.visible.size(),
                                          .out = call_.state.values,
                                          .out_stride = call_.state.value_stride,
                                          .add = true});
  }

  const RowAttentionCall& call_;
  const Kernels& kernels_;
  const bool is_f16_;
  std::vector<float> keys_;  // of a block that had to be decoded
  std::vector<float> values_;
  alignas(64) std::array<float, kQueriesMax * kKeysPerBlock> scores_;
};

}  // namespace

void store_row(const float* row, std::size_t size, KeyValueType type, const Kernels& kernels,
               std::uint8_t* to) {
  switch (type) {
    case KeyValueType::f32: std::memcpy(to, row, size * sizeof *row); return;
    case KeyValueType::f16:
      kernels.rows.to_half(row, size, reinterpret_cast<std::uint16_t*>(to));
      return;
    case KeyValueType::q8_0: break;
  }
  for (std::size_t at = 0; at < size; at += 32, to += 34) {
    float largest = 0;
    for (std::size_t i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(row[at + i]));
    const std::uint16_t scale = float_to_half(largest / 127);
    const float inverse = largest > 0 ? 127 / largest : 0;
    std::memcpy(to, &scale, sizeof scale);
    for (std::size_t i = 0; i < 32; ++i) {
      to[2 + i] = static_cast<std::uint8_t>(std::lround(row[at + i] * inverse));
    }
  }
}

void read_row(const std::uint8_t* from, std::size_t size, KeyValueType type, const Kernels& kernels,
              float* row) {
  switch (type) {
    case KeyValueType::f32: std::memcpy(row, from, size * sizeof *row); return;
    case KeyValueType::f16:
      kernels.dots.from_half(reinterpret_cast<const std::uint16_t*>(from), size, row);
      return;
    case KeyValueType::q8_0: kernels.dots.from_q8_0(from, size, row); return;
  }
}

void reset(const AttentionState& state, std::size_t queries, std::size_t value_size) {
  for (std::size_t i = 0; i < queries; ++i) {
    state.largest[i] = kNothing;
    state.sums[i] = 0;
    std::fill_n(state.values + i * state.value_stride, value_size, 0.0F);
  }
}

void attend_rows(const RowAttentionCall& call, const Kernels& kernels) {
  RowAttention(call, kernels).run();
}

void merge(const AttentionState& other, std::size_t queries, std::size_t value_size,
           const Kernels& kernels, const AttentionState& into) {
  for (std::size_t i = 0; i < queries; ++i) {
    if (!(other.sums[i] > 0)) continue;
    const float largest = std::max(into.largest[i], other.largest[i]);
    const float own = into.sums[i] > 0 ? std::exp(into.largest[i] - largest) : 0.0F;
    const float others = std::exp(other.largest[i] - largest);
    into.sums[i] = into.sums[i] * own + other.sums[i] * others;
    into.largest[i] = largest;
    kernels.rows.mix(into.values + i * into.value_stride, own,
                     other.values + i * other.value_stride, others, value_size);
  }
}

void finish(const AttentionState& state, std::size_t queries, std::size_t value_size,
            const Kernels& kernels) {
  for (std::size_t i = 0; i < queries; ++i) {
    kernels.rows.scale(state.values + i * state.value_stride, value_size, 1.0F / state.sums[i]);
  }
}

}  // namespace wenyuan::compute
