// The inner loops, once for each instruction set, behind one table of functions.
//
// The files that implement them are compiled with flags of their own, so this header must stay free
// of inline code: an inline function compiled there could end up in a program that runs elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wenyuan::compute {

// Weights are stored in tiles of this many output rows, interleaved.
constexpr std::size_t kTileRows = 16;

// One tile of quantised weights times `rows` rows of int8 activations; out[row * kTileRows + lane].
//
// Small kinds: for each 32 inputs the values (256 bytes of nibbles or 512 bytes), 16 half scales,
// and 16 half minima where the kind has them. Super kinds: for each 256 inputs eight times the
// values and 32 bytes of scales, then 16 half scales and 16 half minima.
struct QuantTile {
  const std::uint8_t* weights;
  std::size_t inputs;
  std::int32_t zero;          // what a stored value of weight 0 is
  const std::int8_t* values;  // rows x inputs
  const float* scales;        // rows x inputs/32, super kinds: rows x inputs/256
  const std::int32_t* sums;   // of the values: rows x inputs/32, super kinds: rows x inputs/16
  const float* scaled_sums;   // rows x inputs/32: times the scale, super kinds: not
  std::size_t rows;
  float* out;
};

// Tiles of plain numbers times `rows` rows of floats; lane l of input i of tile t is at
// weights[t * tile_stride + i * stride + l], its result at out[row * out_stride + t * kTileRows +
// l].
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
struct QuantRow {
  std::int8_t* values;
  float* scales;
  std::int32_t* sums;
  float* scaled_sums;
};

struct TileKernels {
  void (*nibbles)(const QuantTile&);        // Q4_0
  void (*nibbles_min)(const QuantTile&);    // Q4_1
  void (*bytes)(const QuantTile&);          // Q8_0, Q5_0
  void (*bytes_min)(const QuantTile&);      // Q5_1
  void (*super_nibbles)(const QuantTile&);  // Q4_K
  void (*super_bytes)(const QuantTile&);    // Q5_K
  void (*super_halves)(const QuantTile&);   // Q6_K: a scale for each 16 inputs, no minimum

  void (*dense_f32)(const DenseTiles&);
  void (*dense_f16)(const DenseTiles&);
  void (*dense_bf16)(const DenseTiles&);
};

struct RowKernels {
  // One scale for each 32.
  void (*quantize_32)(const float* x, std::size_t count, const QuantRow& out);
  // One scale for each 256, and sums for each 16.
  void (*quantize_256)(const float* x, std::size_t count, const QuantRow& out);

  void (*rms_norm)(const float* x, const float* weight, std::size_t count, float epsilon,
                   float* out);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::size_t count,
                     float epsilon, float* out);
  void (*swiglu)(const float* gate, const float* up, std::size_t count, float* out);
  void (*gelu)(float* x, std::size_t count);                          // 0.5 x (1 + erf(x / sqrt 2))
  float (*max)(const float* x, std::size_t count);                    // count >= 1
  float (*exp_minus)(float* x, std::size_t count, float subtrahend);  // in place; the sum
  // x[i] * cosine[i] + x[i ^ 1] * sine[i], the sines of even i being negated already.
  void (*rotate_pairs)(float* x, const float* cosine, const float* sine, std::size_t count);
  void (*to_half)(const float* x, std::size_t count, std::uint16_t* out);
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
};

struct Kernels {
  const char* name;
  TileKernels tiles;
  RowKernels rows;
  DotKernels dots;
};

enum class InstructionSet { plain, avx2, avx512 };

bool is_supported(InstructionSet set);
const Kernels& kernels(InstructionSet set);
// The fastest that this processor has.
const Kernels& best_kernels();

const TileKernels& plain_tiles();
const RowKernels& plain_rows();
const TileKernels& avx2_tiles();
const RowKernels& avx2_rows();
const TileKernels& avx512_tiles();
const DotKernels& plain_dots();
const DotKernels& avx2_dots();
const DotKernels& avx512_dots();

}  // namespace wenyuan::compute
