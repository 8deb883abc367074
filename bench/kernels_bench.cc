// Times the inner loops of matrix products: one thread, every weight format, a few batch sizes.
//
//   kernels_bench [instruction set, or "best" [format [rounds]]]
//
// Prints the best of several short rounds, as other work on the machine can only slow one down. At
// one row the weights are read once from memory and the figure to look at is GB/s; from eight rows
// on it is GOPS, a multiplication and an addition being two.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compute/aligned_buffer.h"
#include "compute/kernels.h"
#include "compute/pack.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kInputs = 2048;
constexpr std::size_t kWeightBytes = std::size_t{64} << 20;  // more than a cache holds
constexpr std::size_t kRowsMax = 32;

constexpr std::pair<const char*, WeightType> kTypes[] = {
    {"f16", WeightType::f16},       {"q8_0", WeightType::q8_0},   {"q4_0", WeightType::q4_0},
    {"q4_1", WeightType::q4_1},     {"q5_0", WeightType::q5_0},   {"q5_1", WeightType::q5_1},
    {"q2_k", WeightType::q2_k},     {"q3_k", WeightType::q3_k},   {"q4_k", WeightType::q4_k},
    {"q5_k", WeightType::q5_k},     {"q6_k", WeightType::q6_k},   {"iq4_nl", WeightType::iq4_nl},
    {"iq4_xs", WeightType::iq4_xs}, {"mxfp4", WeightType::mxfp4},
};

double seconds(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Activations in every form; what they say does not matter to the time.
struct Inputs {
  std::vector<float> floats = std::vector<float>(kRowsMax * kInputs, 1.0F);
  std::vector<std::int8_t> values = std::vector<std::int8_t>(kRowsMax * kInputs, 1);
  std::vector<float> scales = std::vector<float>(kRowsMax * kInputs / 32, 1.0F);
  std::vector<std::int32_t> sums = std::vector<std::int32_t>(kRowsMax * kInputs / 16, 1);
  std::vector<float> out = std::vector<float>(kRowsMax * kTileRows);
};

struct Weights {
  AlignedBuffer memory{kWeightBytes};
  std::size_t tile_bytes = 0;
  std::size_t tiles = 0;
};

// One random tile, packed, over and over.
void fill(WeightType type, Weights& weights) {
  const TileFormat format = tile_format(type);
  weights.tile_bytes = kInputs / format.step * format.step_bytes;
  weights.tiles = kWeightBytes / weights.tile_bytes;
  std::mt19937 random(1);
  std::vector<std::uint8_t> rows(kTileRows * row_bytes(type, kInputs));
  // Small bytes: no infinities among the scales.
  for (std::uint8_t& byte : rows) byte = static_cast<std::uint8_t>(random() % 64);
  std::memset(weights.memory.data(), 0, weights.tile_bytes);
  pack_tile(type, rows.data(), kTileRows, kInputs, weights.memory.data());
  for (std::size_t tile = 1; tile < weights.tiles; ++tile) {
    std::memcpy(weights.memory.data() + tile * weights.tile_bytes, weights.memory.data(),
                weights.tile_bytes);
  }
}

void multiply_tile(const Kernels& kernels, const TileFormat& format, const std::uint8_t* weights,
                   std::size_t rows, Inputs& inputs) {
  if (format.quant != nullptr) {
    (kernels.tiles.*format.quant)({.weights = weights,
                                   .inputs = kInputs,
                                   .values = inputs.values.data(),
                                   .scales = inputs.scales.data(),
                                   .sums = inputs.sums.data(),
                                   .scaled_sums = inputs.scales.data(),
                                   .rows = rows,
                                   .out = inputs.out.data()});
    return;
  }
  (kernels.tiles.*format.dense)({.weights = weights,
                                 .stride = kTileRows,
                                 .tiles = 1,
                                 .tile_stride = 0,
                                 .inputs = kInputs,
                                 .x = inputs.floats.data(),
                                 .x_stride = kInputs,
                                 .rows = rows,
                                 .out = inputs.out.data(),
                                 .out_stride = kTileRows,
                                 .add = false});
}

// The seconds that a tile takes. Rounds are short, and walk on through the weights.
double time_tile(const Kernels& kernels, WeightType type, const Weights& weights, std::size_t rows,
                 int rounds, Inputs& inputs) {
  const TileFormat format = tile_format(type);
  const std::size_t per_round =
      std::clamp<std::size_t>(weights.tiles / (4 * rows), 1, weights.tiles);
  std::size_t tile = 0;
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < per_round; ++i) {
      multiply_tile(kernels, format, weights.memory.data() + tile * weights.tile_bytes, rows,
                    inputs);
      tile = (tile + 1) % weights.tiles;
    }
    best = std::min(best, seconds(begin) / static_cast<double>(per_round));
  }
  return best;
}

void report_read_bandwidth(const Weights& weights) {
  double best = 1e9;
  std::uint64_t total = 0;
  for (int round = 0; round < 8; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t sums[16] = {};
    for (std::size_t at = 0; at < weights.memory.size(); at += sizeof sums) {
      std::uint64_t words[16];
      std::memcpy(words, weights.memory.data() + at, sizeof words);
      for (std::size_t i = 0; i < 16; ++i) sums[i] += words[i];
    }
    best = std::min(best, seconds(begin));
    for (const std::uint64_t sum : sums) total += sum;
  }
  std::printf("plain reading: %.1f GB/s (%llu)\n", static_cast<double>(kWeightBytes) / best / 1e9,
              static_cast<unsigned long long>(total % 10));
}

void report(const Kernels& kernels, std::string_view only, int rounds) {
  std::printf("instruction set %s, %zu inputs, 1 thread\n", kernels.name, kInputs);
  Weights weights;
  Inputs inputs;
  fill(WeightType::f16, weights);
  report_read_bandwidth(weights);
  std::printf("%-7s %5s %5s %9s %7s %7s\n", "format", "bits", "rows", "ms/64MiB", "GB/s", "GOPS");
  for (const auto& [name, type] : kTypes) {
    if (!only.empty() && only != name) continue;
    fill(type, weights);
    const double values = static_cast<double>(kTileRows * kInputs);
    const double tile_bytes = static_cast<double>(weights.tile_bytes);
    for (const std::size_t rows : {1U, 2U, 4U, 8U, 32U}) {
      const double time = time_tile(kernels, type, weights, rows, rounds, inputs);
      std::printf("%-7s %5.2f %5zu %9.2f %7.1f %7.0f\n", name, 8 * tile_bytes / values, rows,
                  time * 1e3 * static_cast<double>(weights.tiles), tile_bytes / time / 1e9,
                  2 * values * static_cast<double>(rows) / time / 1e9);
    }
  }
}

}  // namespace
}  // namespace wenyuan::compute

int main(int argc, char** argv) {
  using namespace wenyuan::compute;
  const std::string wanted = argc > 1 ? argv[1] : "best";
  const std::string format = argc > 2 ? argv[2] : "";
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 20;
  if (wanted == "best") {
    report(best_kernels(), format, rounds);
    return 0;
  }
  for (const InstructionSet set :
       {InstructionSet::plain, InstructionSet::avx2, InstructionSet::avx512, InstructionSet::amx}) {
    if (is_supported(set) && wanted == kernels(set).name) {
      report(kernels(set), format, rounds);
      return 0;
    }
  }
  std::fprintf(stderr, "this processor has no %s\n", wanted.c_str());
  return 1;
}
