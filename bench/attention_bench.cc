// Times the attention of one new token over a long context: one thread, every
// kind of cache.
//
//   attention_bench [instruction set, or "best" [tokens [rounds]]]
//
// Latent attention has 16 heads that share rows of 512 + 64 numbers, as in
// DeepSeek-V2-Lite; grouped attention has 4 heads for each key head of 128
// numbers, 8 key heads in all. Prints the best of several rounds, as other work
// on the machine can only slow one down, and the share of it that each step
// takes when it is run alone.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "compute/aligned_buffer.h"
#include "compute/fixed_attention.h"
#include "compute/fixed_rows.h"
#include "compute/kernels.h"
#include "compute/row_attention.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kHeads = 16;
constexpr std::size_t kLatent = 512;
constexpr std::size_t kTurned = 64;
constexpr std::size_t kRow = kLatent + kTurned;
constexpr std::size_t kKeysPerStretch = 256;
// Layers whose caches are read in turn, so that they come from memory as in a real decoder.
constexpr std::size_t kLayers = 12;

std::vector<float> random_floats(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// Microseconds of the best round.
double best_of(int rounds, const std::function<void()>& work) {
  double best = 1e12;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
  }
  return best;
}

struct Gathered {
  std::vector<float> largest = std::vector<float>(kHeads);
  std::vector<float> sums = std::vector<float>(kHeads);
  std::vector<float> values = std::vector<float>(kHeads * kLatent);
  AttentionState view() { return {largest.data(), sums.data(), values.data(), kLatent}; }
};

// The result over all stretches, merged in their order.
template <class Attend>
void over_stretches(std::size_t tokens, const Kernels& kernels, std::vector<Gathered>& parts,
                    const Attend& attend) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    reset(parts[i].view(), kHeads, kLatent);
    attend(i * kKeysPerStretch, std::min(tokens, (i + 1) * kKeysPerStretch), parts[i].view());
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    merge(parts[i].view(), kHeads, kLatent, kernels, parts[0].view());
  }
  finish(parts[0].view(), kHeads, kLatent, kernels);
}

class LatentBench {
 public:
  LatentBench(const Kernels& kernels, std::size_t tokens, int rounds)
      : kernels_(kernels),
        tokens_(tokens),
        rounds_(rounds),
        rows_(random_floats(tokens * kRow, 1)),
        queries_(random_floats(kHeads * kRow, 2)),
        parts_((tokens + kKeysPerStretch - 1) / kKeysPerStretch),
        visible_(kHeads, KeyRange{0, tokens}) {
    for (float& value : queries_) value *= 0.05F;
  }

  void run() {
    std::printf(
        "latent attention, %zu heads, %zu + %zu numbers, %zu tokens, "
        "%s kernels\n",
        kHeads, kLatent, kTurned, tokens_, kernels_.name);
    time_rows("f32", KeyValueType::f32);
    right_ = parts_[0].values;
    time_rows("f16 rows", KeyValueType::f16);
    time_rows("q8_0 rows", KeyValueType::q8_0);
    time_fixed();
  }

 private:
  void report(const char* what, double took) const {
    const double products =
        static_cast<double>(kHeads * tokens_) * static_cast<double>(kRow + kLatent);
    std::printf("  %-12s %8.0f us, %6.1f G products/s", what, took, products / took / 1e3);
    double error = 0;
    double size = 0;
    for (std::size_t i = 0; i < right_.size(); ++i) {
      error += std::pow(double{parts_[0].values[i]} - double{right_[i]}, 2);
      size += std::pow(double{right_[i]}, 2);
    }
    if (size > 0) std::printf(", off by %.2e of f32", std::sqrt(error / size));
    std::printf("\n");
  }

  void time_rows(const char* what, KeyValueType type) {
    const std::size_t row = cache_row_bytes(type, kRow);
    std::vector<AlignedBuffer> layers;
    for (std::size_t layer = 0; layer < kLayers; ++layer) {
      layers.emplace_back(tokens_ * row);
      for (std::size_t i = 0; i < tokens_; ++i) {
        store_row(rows_.data() + i * kRow, kRow, type, kernels_, layers[layer].data() + i * row);
      }
    }
    std::size_t layer = 0;
    const double took = best_of(rounds_, [&] {
      const std::uint8_t* memory = layers[layer++ % kLayers].data();
      over_stretches(
          tokens_, kernels_, parts_,
          [&](std::size_t begin, std::size_t end, const AttentionState& state) {
            std::vector<KeyRows> blocks;
            for (std::size_t at = begin; at < end; at += kKeysPerBlock) {
              const std::uint8_t* first = memory + at * row;
              blocks.push_back({first, first, row, row, std::min(kKeysPerBlock, end - at)});
            }
            attend_rows({.queries = queries_.data(),
                         .query_stride = kRow,
                         .visible = visible_,
                         .blocks = blocks,
                         .first_key = begin,
                         .key_size = kRow,
                         .value_size = kLatent,
                         .type = type,
                         .state = state},
                        kernels_);
          });
    });
    report(what, took);
  }

  void time_fixed() {
    const FixedShape shape{kLatent, kTurned, true};
    const std::size_t count = (tokens_ + kKeysPerBlock - 1) / kKeysPerBlock;
    std::vector<AlignedBuffer> memory;  // of one block each, as the decoder's caches have it
    std::vector<std::vector<const std::uint8_t*>> layers(kLayers);
    for (auto& blocks : layers) {
      for (std::size_t i = 0; i < tokens_; ++i) {
        if (i % kKeysPerBlock == 0) {
          memory.emplace_back(shape.block_bytes());
          blocks.push_back(memory.back().data());
        }
        const float* row = rows_.data() + i * kRow;
        store_fixed(shape, row, row + kLatent, i % kKeysPerBlock, kernels_, memory.back().data());
      }
    }
    std::vector<std::int16_t> numbers(kHeads * shape.key());
    std::vector<float> row_scales(kHeads);
    std::vector<float> tiled_scales(kHeads);
    const FixedQueries queries{numbers.data(), row_scales.data(), tiled_scales.data()};
    std::size_t layer = 0;
    const double took = best_of(rounds_, [&] {
      const std::span<const std::uint8_t* const> blocks(layers[layer++ % kLayers]);
      for (std::size_t i = 0; i < kHeads; ++i) {
        store_query(shape, queries_.data() + i * kRow, kernels_, i, queries);
      }
      over_stretches(
          tokens_, kernels_, parts_,
          [&](std::size_t begin, std::size_t, const AttentionState& state) {
            const std::size_t first = begin / kKeysPerBlock;
            attend_fixed({.queries = queries,
                          .visible = visible_,
                          .blocks = blocks.subspan(first, std::min<std::size_t>(2, count - first)),
                          .first_key = begin,
                          .shape = shape,
                          .state = state},
                         kernels_);
          });
    });
    report("f16", took);
    time_steps(shape, layers[0], queries);
  }

  // The steps of the above, each alone over all blocks.
  void time_steps(const FixedShape& shape, const std::vector<const std::uint8_t*>& blocks,
                  const FixedQueries& queries) {
    std::vector<float> scores(kHeads * kKeysPerBlock);
    std::vector<std::int16_t> weights(kHeads * kFixedWeightCount);
    std::vector<float> out(kHeads * kLatent);
    std::vector<float> units(kHeads);
    const auto scales_of = [&](const std::uint8_t* block) {
      return reinterpret_cast<const float*>(block + shape.scales_at());
    };
    const auto time = [&](const char* what, const auto& step) {
      const double took = best_of(rounds_, [&] {
        for (const std::uint8_t* block : blocks) step(block);
      });
      std::printf("    %-26s %8.0f us\n", what, took);
    };
    FixedDots dots{.keys = nullptr,
                   .key_scales = nullptr,
                   .key_count = kKeysPerBlock,
                   .size = shape.row,
                   .x = queries.numbers,
                   .x_stride = shape.key(),
                   .x_scales = queries.row_scales,
                   .rows = kHeads,
                   .out = scores.data(),
                   .out_stride = kKeysPerBlock,
                   .add = false};
    time("products with the fours", [&](const std::uint8_t* block) {
      dots.keys = reinterpret_cast<const std::int16_t*>(block);
      dots.key_scales = scales_of(block);
      kernels_.fixed.fours(dots);
    });
    dots.size = kTurned;
    time("products with the tiles", [&](const std::uint8_t* block) {
      dots.keys = reinterpret_cast<const std::int16_t*>(block + shape.tiles_at());
      dots.key_scales = scales_of(block) + kKeysPerBlock;
      kernels_.fixed.tiles(dots);
    });
    time("maximum and exponentials", [&](const std::uint8_t*) {
      for (std::size_t i = 0; i < kHeads; ++i) {
        float* own = scores.data() + i * kKeysPerBlock;
        kernels_.rows.exp_minus(own, kKeysPerBlock, kernels_.rows.max(own, kKeysPerBlock));
      }
    });
    const auto to_weights = [&](const std::uint8_t* block, std::size_t at) {
      for (std::size_t i = 0; i < kHeads; ++i) {
        units[i] =
            kernels_.fixed.to_weights(scores.data() + i * kKeysPerBlock + at, scales_of(block) + at,
                                      kFixedWeightCount, weights.data() + i * kFixedWeightCount);
      }
    };
    time("weights as integers", [&](const std::uint8_t* block) {
      to_weights(block, 0);
      to_weights(block, kFixedWeightCount);
    });
    time("sums of values", [&](const std::uint8_t* block) {
      for (std::size_t at = 0; at < kKeysPerBlock; at += kFixedWeightCount) {
        kernels_.fixed.sums({.values = reinterpret_cast<const std::int16_t*>(block) + at * kLatent,
                             .count = kFixedWeightCount,
                             .size = kLatent,
                             .weights = weights.data(),
                             .weight_stride = kFixedWeightCount,
                             .scales = units.data(),
                             .rows = kHeads,
                             .out = out.data(),
                             .out_stride = kLatent});
      }
    });
    Gathered other;
    std::fill(other.sums.begin(), other.sums.end(), 1.0F);
    std::size_t turn = 0;
    time("merging the stretches", [&](const std::uint8_t*) {
      if (turn++ % 2 != 0) return;
      merge(other.view(), kHeads, kLatent, kernels_, parts_[0].view());
    });
  }

  const Kernels& kernels_;
  const std::size_t tokens_;
  const int rounds_;
  std::vector<float> rows_;
  std::vector<float> queries_;
  std::vector<Gathered> parts_;
  std::vector<KeyRange> visible_;
  std::vector<float> right_;
};

// One key head of `size` numbers against queries of the heads that share it.
void time_grouped(const Kernels& kernels, std::size_t tokens, int rounds, std::size_t queries_count,
                  std::size_t size) {
  const auto keys = random_floats(tokens * size, 3);
  const auto values = random_floats(tokens * size, 4);
  auto queries = random_floats(queries_count * size, 5);
  for (float& value : queries) value *= 0.1F;
  const std::vector<KeyRange> visible(queries_count, KeyRange{0, tokens});
  std::vector<float> out(queries_count * size);
  const FixedShape shape{size, size, false};
  std::vector<AlignedBuffer> halves;
  std::vector<AlignedBuffer> integers;
  std::vector<KeyValueBlock> blocks;
  std::vector<const std::uint8_t*> fixed_blocks;
  for (std::size_t i = 0; i < tokens; ++i) {
    if (i % kKeysPerBlock == 0) {
      halves.emplace_back(2 * kKeysPerBlock * size * sizeof(std::uint16_t));
      integers.emplace_back(shape.block_bytes());
      auto* own = reinterpret_cast<std::uint16_t*>(halves.back().data());
      blocks.push_back(
          {own, own + kKeysPerBlock * size, size, std::min(kKeysPerBlock, tokens - i)});
      fixed_blocks.push_back(integers.back().data());
    }
    std::vector<std::uint16_t> half(size);
    auto* own = reinterpret_cast<std::uint16_t*>(halves.back().data());
    kernels.rows.to_half(keys.data() + i * size, size, half.data());
    store_key(half.data(), size, i % kKeysPerBlock, own);
    kernels.rows.to_half(values.data() + i * size, size,
                         own + (kKeysPerBlock + i % kKeysPerBlock) * size);
    store_fixed(shape, values.data() + i * size, keys.data() + i * size, i % kKeysPerBlock, kernels,
                integers.back().data());
  }
  const double with_halves = best_of(rounds, [&] {
    attend({queries.data(), visible, blocks, size, size, KeyValueType::f16, out.data()}, kernels);
  });
  std::vector<std::int16_t> numbers(queries_count * size);
  std::vector<float> scales(queries_count);
  std::vector<float> largest(queries_count);
  std::vector<float> sums(queries_count);
  const AttentionState state{largest.data(), sums.data(), out.data(), size};
  const FixedQueries fixed{numbers.data(), nullptr, scales.data()};
  const double with_integers = best_of(rounds, [&] {
    for (std::size_t i = 0; i < queries_count; ++i) {
      store_query(shape, queries.data() + i * size, kernels, i, fixed);
    }
    reset(state, queries_count, size);
    attend_fixed({fixed, visible, fixed_blocks, 0, shape, state}, kernels);
    finish(state, queries_count, size, kernels);
  });
  std::printf("  %2zu queries of %3zu: halves %6.0f us, integers %6.0f us\n", queries_count, size,
              with_halves, with_integers);
}

void time_grouped(const Kernels& kernels, std::size_t tokens, int rounds) {
  std::printf("grouped attention, %zu tokens, one key head\n", tokens);
  for (const std::size_t size : {64U, 128U, 256U}) {
    for (const std::size_t queries : {1U, 3U, 4U, 8U, 24U}) {
      time_grouped(kernels, tokens, rounds, queries, size);
    }
  }
}

}  // namespace
}  // namespace wenyuan::compute

int main(int argc, char** argv) {
  using namespace wenyuan::compute;
  const std::string wanted = argc > 1 ? argv[1] : "best";
  const auto tokens = static_cast<std::size_t>(argc > 2 ? std::atoi(argv[2]) : 4096);
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 20;
  const Kernels* chosen = wanted == "best" ? &best_kernels() : nullptr;
  for (const InstructionSet set :
       {InstructionSet::plain, InstructionSet::avx2, InstructionSet::avx512, InstructionSet::amx}) {
    if (is_supported(set) && wanted == kernels(set).name) chosen = &kernels(set);
  }
  if (chosen == nullptr || tokens < 1) {
    std::fprintf(stderr, "usage: attention_bench [instruction set [tokens [rounds]]]\n");
    return 1;
  }
  LatentBench(*chosen, tokens, rounds).run();
  time_grouped(*chosen, tokens, rounds);
  return 0;
}
