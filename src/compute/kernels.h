// The inner loops, once for each instruction set, behind one table of
// functions.
//
// The files that implement them are compiled with flags of their own, so this
// header must stay free of inline code: an inline function compiled there could
// end up in a program that runs elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wenyuan::compute {

// Weights are stored in tiles of this many output rows, interleaved.
constexpr std::size_t kTileRows = 16;

// One tile of quantised weights (tile_layout.h) times `rows` rows of int8
// activations; out[row * kTileRows + lane].
struct QuantTile {
  const std::uint8_t* weights;
  std::size_t inputs;
  const std::int8_t* values;  // rows x inputs
  const float* scales;        // rows x inputs/32, super kinds: rows x inputs/256
  // Of the values: rows x inputs/32. Super kinds: rows x inputs/16, see
  // QuantRow.
  const std::int32_t* sums;
  const float* scaled_sums;  // small kinds, times the scale: rows x inputs/32
  std::size_t rows;
  float* out;
};

// Tiles of plain numbers times `rows` rows of floats; lane l of input i of tile
// t is at weights[t * tile_stride + i * stride + l], its result at out[row *
// out_stride + t * kTileRows + l].
struct DenseTiles {
  const void* weights;
  std::size_t stride;
  std::size_t tiles;
  std::size_t tile_stride;
  std::size_t inputs;
  const float* x;
  std::size_t x_stride;
  std::size_t rows;
  float* out;
  std::size_t out_stride;
  bool add;  // to what is in `out`
};

// Where to put quantised activations of one row.
//
// By 256, `sums` are pairs of sums, the first one in the low 16 bits: for each
// 256 values 8 pairs of the sums of 16, 4 pairs of the sums of 32, and 4 zeros.
struct QuantRow {
  std::int8_t* values;
  float* scales;
  std::int32_t* sums;
  float* scaled_sums;  // by 32 only
};

struct TileKernels {
  void (*q8_0)(const QuantTile&);
  void (*q4_0)(const QuantTile&);
  void (*q4_1)(const QuantTile&);
  void (*q5_0)(const QuantTile&);
  void (*q5_1)(const QuantTile&);
  void (*q2_k)(const QuantTile&);
  void (*q3_k)(const QuantTile&);
  void (*q4_k)(const QuantTile&);
  void (*q5_k)(const QuantTile&);
  void (*q6_k)(const QuantTile&);
  void (*iq4_nl)(const QuantTile&);
  void (*iq4_xs)(const QuantTile&);
  void (*mxfp4)(const QuantTile&);

  void (*dense_f32)(const DenseTiles&);
  void (*dense_f16)(const DenseTiles&);
  void (*dense_bf16)(const DenseTiles&);
};

struct RowKernels {
  // One scale for each 32.
  void (*quantize_32)(const float* x, std::size_t count, const QuantRow& out);
  // One scale for each 256.
  void (*quantize_256)(const float* x, std::size_t count, const QuantRow& out);

  void (*rms_norm)(const float* x, const float* weight, std::size_t count, float epsilon,
                   float* out);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::size_t count,
                     float epsilon, float* out);
  void (*swiglu)(const float* gate, const float* up, std::size_t count, float* out);
  void (*gelu)(float* x, std::size_t count);        // 0.5 x (1 + erf(x / sqrt 2))
  float (*max)(const float* x, std::size_t count);  // count >= 1
  float (*exp_minus)(float* x, std::size_t count,
                     float subtrahend);  // in place; the sum
  // x[i] * cosine[i] + x[i ^ 1] * sine[i], the sines of even i being negated
  // already.
  void (*rotate_pairs)(float* x, const float* cosine, const float* sine, std::size_t count);
  void (*to_half)(const float* x, std::size_t count, std::uint16_t* out);
  void (*scale)(float* x, std::size_t count, float by);
  // x[i] = x[i] * own + other[i] * others.
  void (*mix)(float* x, float own, const float* other, float others, std::size_t count);
};

// Products of rows with rows: out[row * out_stride + k] = x row `row` . key k.
struct RowDots {
  const void* keys;
  std::size_t key_stride;
  std::size_t key_count;
  std::size_t size;  // of a row, a multiple of 16
  const float* x;
  std::size_t x_stride;
  std::size_t rows;
  float* out;
  std::size_t out_stride;
};

struct DotKernels {
  void (*f32)(const RowDots&);
  void (*f16)(const RowDots&);
  void (*from_half)(const std::uint16_t* x, std::size_t count, float* out);
  void (*from_q8_0)(const std::uint8_t* blocks, std::size_t count,
                    float* out);  // count / 32 blocks
};

// Rows of integers of 16 bits that were brought to a common length, as
// fixed_rows.h tells: however many numbers two rows have, the sum of their
// products fits 32 bits. Sums are exact, so they are the same with every
// instruction set.
//
// Products: out[row * out_stride + k] = x row `row` . key k times both scales.
// Keys are computed in groups of 16, for which keys, scales and `out` must have
// room.
struct FixedDots {
  const std::int16_t* keys;
  const float* key_scales;
  std::size_t key_count;
  std::size_t size;       // a multiple of 16
  const std::int16_t* x;  // x_stride apart
  std::size_t x_stride;
  const float* x_scales;
  std::size_t rows;
  float* out;
  std::size_t out_stride;
  bool add;  // to what is in `out`
};

// Weighted sums: out[row * out_stride + i] += scales[row] * sum over k of
// weights[row * weight_stride + k] * number i of row k. Four rows are read at a
// time, those behind `count` with weights of zero. A row's weights sum up to
// 2^16 at most.
struct FixedSums {
  const std::int16_t* values;  // in fours
  std::size_t count;
  std::size_t size;  // a multiple of 16
  const std::int16_t* weights;
  std::size_t weight_stride;
  const float* scales;
  std::size_t rows;
  float* out;
  std::size_t out_stride;
};

struct FixedKernels {
  // Brings `count` numbers, a multiple of 16, to integers. Returns what to
  // multiply them with to get the numbers.
  float (*to_fixed)(const float* x, std::size_t count, std::int16_t* out);
  // x[i] * scales[i], none of them negative, as integers that sum up to 2^16 at
  // most; `count` is a multiple of 16. Returns what to multiply them with.
  float (*to_weights)(const float* x, const float* scales, std::size_t count, std::int16_t* out);
  // Rows in fours: number i of row k is at keys[(k / 4 * size + i / 8 * 8) * 4
  // + k % 4 * 8 + i % 8]. For what is key and value.
  void (*fours)(const FixedDots&);
  // Rows in tiles of 16: number i of row k is at keys[(k / 16 * size + i / 2 *
  // 2) * 16 + k % 16 * 2 + i % 2]. For keys only.
  void (*tiles)(const FixedDots&);
  void (*sums)(const FixedSums&);
};

struct Kernels {
  const char* name;
  TileKernels tiles;
  RowKernels rows;
  DotKernels dots;
  FixedKernels fixed;
};

enum class InstructionSet { plain, avx2, avx512, amx };

bool is_supported(InstructionSet set);
const Kernels& kernels(InstructionSet set);
// The fastest that this processor has.
const Kernels& best_kernels();

const TileKernels& plain_tiles();
const RowKernels& plain_rows();
const TileKernels& avx2_tiles();
const RowKernels& avx2_rows();
const TileKernels& avx512_tiles();
const TileKernels& amx_tiles();  // without the dense ones
const DotKernels& plain_dots();
const DotKernels& avx2_dots();
const DotKernels& avx512_dots();
const FixedKernels& plain_fixed();
const FixedKernels& avx2_fixed();
const FixedKernels& avx512_fixed();

}  // namespace wenyuan::compute
