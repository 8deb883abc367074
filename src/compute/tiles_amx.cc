#include <immintrin.h>

#include "compute/kernels.h"
#include "compute/planes_avx512.h"

namespace wenyuan::compute {
namespace {

// Sixteen rows of activations at a time, by AMX; the rows that are left, by AVX-512. The integers
// are the same, and what follows them happens in the same order, so the results are too.

constexpr std::size_t kBlock = 16;
constexpr std::size_t kGroups = 8;  // of 32 inputs, whose weights are unpacked together

// As the processor wants it.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Registers 0 and 1: sums, 16 rows of activations by 16 rows of weights. 2 and 3: `part`
// activations of 16 rows. 4 and 5: `part` weights of 16 rows, four inputs a line, as the planes
// have them.
template <std::size_t part>
constexpr TileShapes tile_shapes() {
  TileShapes shapes;
  for (int i = 0; i < 6; ++i) {
    shapes.row_bytes[i] = i == 2 || i == 3 ? part : 64;
    shapes.rows[i] = i < 4 ? 16 : part / 4;
  }
  return shapes;
}

template <std::size_t part>
class TileRegisters {
 public:
  TileRegisters() { _tile_loadconfig(&kShapes); }
  ~TileRegisters() { _tile_release(); }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;

 private:
  static constexpr TileShapes kShapes = tile_shapes<part>();
};

// Memory that the tile registers are loaded from or stored to.
struct alignas(64) Scratch {
  std::uint8_t weights[kGroups * 512];
  std::int32_t products[2][kBlock * kTileRows];
};

// The compiler does not know that loading a tile register reads memory.
void finish_writing() { asm volatile("" ::: "memory"); }

template <WeightType type, int four = 0>
[[gnu::always_inline]] inline void unpack_group(const std::uint8_t* planes, std::uint8_t* out) {
  if constexpr (four < 8) {
    _mm512_store_si512(out + 64 * four, weights<type, four>(planes));
    unpack_group<type, four + 1>(planes, out);
  }
}

// The products of two parts that follow each other, or of the first alone.
template <std::size_t part>
[[gnu::always_inline]] inline void multiply_pair(const std::int8_t* x, std::size_t stride,
                                                 const std::uint8_t* weights, bool both,
                                                 Scratch& scratch) {
  _tile_zero(0);
  _tile_loadd(2, x, stride);
  _tile_loadd(4, weights, 64);
  _tile_dpbsud(0, 2, 4);
  if (both) {
    _tile_zero(1);
    _tile_loadd(3, x + part, stride);
    _tile_loadd(5, weights + 16 * part, 64);
    _tile_dpbsud(1, 3, 5);
  }
  _tile_stored(0, scratch.products[0], 64);
  if (both) _tile_stored(1, scratch.products[1], 64);
}

__m512i product(const Scratch& scratch, int side, std::size_t row) {
  return _mm512_load_si512(scratch.products[side] + row * kTileRows);
}

// Adds a group of a small kind, whose products are there already, to the sums of 16 rows.
template <WeightType type>
[[gnu::always_inline]] inline void add_group(const QuantTile& tile, std::size_t row, std::size_t g,
                                             const std::uint8_t* scales, const Scratch& scratch,
                                             int side, __m512* sums) {
  const std::size_t groups = tile.inputs / 32;
  const __m512i less_zero = _mm512_set1_epi32(-kZero<type> & 0xFFFF);
  const __m512 scale = small_scales<type>(scales);
#pragma GCC unroll 16
  for (std::size_t m = 0; m < kBlock; ++m) {
    const std::size_t own = (row + m) * groups + g;
    __m512i exact = product(scratch, side, m);
    if constexpr (kZero<type> != 0) {
      exact = _mm512_dpwssd_epi32(exact, less_zero, everywhere(tile.sums + own));
    }
    sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(exact),
                              _mm512_mul_ps(scale, _mm512_set1_ps(tile.scales[own])), sums[m]);
    if constexpr (integer_format(type).has_min) {
      sums[m] =
          _mm512_fmadd_ps(halves(scales + 32), _mm512_set1_ps(tile.scaled_sums[own]), sums[m]);
    }
  }
}

// Up to kGroups groups, from group `first` on, for 16 rows.
template <WeightType type>
void add_groups(const QuantTile& tile, std::size_t row, std::size_t first, std::size_t count,
                Scratch& scratch) {
  constexpr TileLayout kLayout = tile_layout(type);
  constexpr std::size_t kGroup = kLayout.planes + kLayout.scales;
  const std::uint8_t* scales = tile.weights + first * kGroup + kLayout.planes;
  const std::int8_t* x = tile.values + row * tile.inputs + 32 * first;
  __m512 sums[kBlock];
#pragma GCC unroll 16
  for (std::size_t m = 0; m < kBlock; ++m) {
    sums[m] = _mm512_loadu_ps(tile.out + (row + m) * kTileRows);
  }
  for (std::size_t g = 0; g < count; g += 2) {
    const bool both = g + 1 < count;
    multiply_pair<32>(x + 32 * g, tile.inputs, scratch.weights + 512 * g, both, scratch);
    add_group<type>(tile, row, first + g, scales + g * kGroup, scratch, 0, sums);
    if (both)
      add_group<type>(tile, row, first + g + 1, scales + (g + 1) * kGroup, scratch, 1, sums);
  }
#pragma GCC unroll 16
  for (std::size_t m = 0; m < kBlock; ++m) {
    _mm512_storeu_ps(tile.out + (row + m) * kTileRows, sums[m]);
  }
}

// `rows` is a multiple of 16.
template <WeightType type>
void small_blocks(const QuantTile& tile, std::size_t rows) {
  constexpr TileLayout kLayout = tile_layout(type);
  constexpr std::size_t kGroup = kLayout.planes + kLayout.scales;
  const TileRegisters<32> registers;
  Scratch scratch;
  const std::size_t groups = tile.inputs / 32;
  for (std::size_t first = 0; first < groups; first += kGroups) {
    const std::size_t count = groups - first < kGroups ? groups - first : kGroups;
    for (std::size_t g = 0; g < count; ++g) {
      const std::uint8_t* planes = tile.weights + (first + g) * kGroup;
      prefetch<kGroup>(planes);
      unpack_group<type>(planes, scratch.weights + 512 * g);
    }
    finish_writing();
    for (std::size_t row = 0; row < rows; row += kBlock) {
      add_groups<type>(tile, row, first, count, scratch);
    }
  }
}

template <WeightType type>
void add_super(const QuantTile& tile, std::size_t row, std::size_t s, Scratch& scratch) {
  constexpr TileLayout kLayout = tile_layout(type);
  constexpr std::size_t kPart = integer_format(type).part;
  constexpr std::size_t kPairs = 128 / kPart;
  const std::uint8_t* scales = tile.weights + s * kLayout.super_bytes() + 8 * kLayout.planes;
  const std::int8_t* x = tile.values + row * tile.inputs + 256 * s;
  __m512 scaled[kBlock];
#pragma GCC unroll 16
  for (std::size_t m = 0; m < kBlock; ++m) scaled[m] = _mm512_setzero_ps();
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    multiply_pair<kPart>(x + 2 * kPart * pair, tile.inputs, scratch.weights + 32 * kPart * pair,
                         true, scratch);
    const __m512i scale = scale_pair<type>(scales, pair);
    const __m512 first = low_words(scale);
    const __m512 second = high_words(scale);
#pragma GCC unroll 16
    for (std::size_t m = 0; m < kBlock; ++m) {
      scaled[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(product(scratch, 0, m)), first, scaled[m]);
      scaled[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(product(scratch, 1, m)), second, scaled[m]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t m = 0; m < kBlock; ++m) {
    const std::size_t own = (row + m) * (tile.inputs / 256) + s;
    const std::int32_t* pairs = tile.sums + 16 * own + (kPairs == 8 ? 0 : 8);
    __m512i minima = _mm512_setzero_si512();
    for (std::size_t pair = 0; pair < kPairs; ++pair) {
      minima = _mm512_dpwssd_epi32(minima, min_pair<type>(scales, pair), everywhere(pairs + pair));
    }
    float* out = tile.out + (row + m) * kTileRows;
    _mm512_storeu_ps(out, with_super<type>(scales + kLayout.scales + kLayout.minima, scaled[m],
                                           minima, tile.scales[own], _mm512_loadu_ps(out)));
  }
}

template <WeightType type>
void super_blocks(const QuantTile& tile, std::size_t rows) {
  constexpr TileLayout kLayout = tile_layout(type);
  const TileRegisters<integer_format(type).part> registers;
  Scratch scratch;
  for (std::size_t s = 0; s < tile.inputs / 256; ++s) {
    const std::uint8_t* super = tile.weights + s * kLayout.super_bytes();
    for (std::size_t g = 0; g < kGroups; ++g) {
      prefetch<kLayout.super_bytes() / kGroups>(super + g * (kLayout.super_bytes() / kGroups));
      unpack_group<type>(super + g * kLayout.planes, scratch.weights + 512 * g);
    }
    finish_writing();
    for (std::size_t row = 0; row < rows; row += kBlock) add_super<type>(tile, row, s, scratch);
  }
}

template <WeightType type, void (*TileKernels::*kernel)(const QuantTile&)>
void multiply(const QuantTile& tile) {
  const std::size_t rows = tile.rows / kBlock * kBlock;
  if (rows != 0) {
    for (std::size_t i = 0; i < rows * kTileRows; ++i) tile.out[i] = 0;
    if constexpr (is_super(type)) {
      super_blocks<type>(tile, rows);
    } else {
      small_blocks<type>(tile, rows);
    }
  }
  if (rows == tile.rows) return;
  QuantTile rest = tile;
  const std::size_t size = is_super(type) ? 256 : 32;
  rest.values += rows * tile.inputs;
  rest.scales += rows * (tile.inputs / size);
  rest.sums += rows * (tile.inputs / (is_super(type) ? 16 : 32));
  if (!is_super(type)) rest.scaled_sums += rows * (tile.inputs / 32);
  rest.rows -= rows;
  rest.out += rows * kTileRows;
  (avx512_tiles().*kernel)(rest);
}

}  // namespace

// A constant, as this may be called on a processor that has none of the instructions here.
const TileKernels& amx_tiles() {
  static constexpr TileKernels kTiles = {
      .q8_0 = multiply<WeightType::q8_0, &TileKernels::q8_0>,
      .q4_0 = multiply<WeightType::q4_0, &TileKernels::q4_0>,
      .q4_1 = multiply<WeightType::q4_1, &TileKernels::q4_1>,
      .q5_0 = multiply<WeightType::q5_0, &TileKernels::q5_0>,
      .q5_1 = multiply<WeightType::q5_1, &TileKernels::q5_1>,
      .q2_k = multiply<WeightType::q2_k, &TileKernels::q2_k>,
      .q3_k = multiply<WeightType::q3_k, &TileKernels::q3_k>,
      .q4_k = multiply<WeightType::q4_k, &TileKernels::q4_k>,
      .q5_k = multiply<WeightType::q5_k, &TileKernels::q5_k>,
      .q6_k = multiply<WeightType::q6_k, &TileKernels::q6_k>,
      .iq4_nl = multiply<WeightType::iq4_nl, &TileKernels::iq4_nl>,
      .iq4_xs = multiply<WeightType::iq4_xs, &TileKernels::iq4_xs>,
      .mxfp4 = multiply<WeightType::mxfp4, &TileKernels::mxfp4>,
      .dense_f32 = nullptr,
      .dense_f16 = nullptr,
      .dense_bf16 = nullptr,
  };
  return kTiles;
}

}  // namespace wenyuan::compute
