#include <immintrin.h>

#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

__m512 halves(const std::uint8_t* at) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

__m512i four_of(const std::int8_t* at) {
  std::int32_t four;
  __builtin_memcpy(&four, at, sizeof four);
  return _mm512_set1_epi32(four);
}

__m512i load(const std::uint8_t* at) { return _mm512_loadu_si512(at); }

// The 32 inputs of a group, four a register and 16 rows each.
template <bool nibbles>
struct Group {
  explicit Group(const std::uint8_t* at) {
    if constexpr (nibbles) {
      const __m512i low = _mm512_set1_epi8(15);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const __m512i pair = load(at + 64 * i);
        values[2 * i] = _mm512_and_si512(pair, low);
        values[2 * i + 1] = _mm512_and_si512(_mm512_srli_epi16(pair, 4), low);
      }
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) values[i] = load(at + 64 * i);
    }
  }
  __m512i values[8];
};

// Four of a group's eight products from `begin` on, in a chain of their own.
template <int begin, int end, int step, bool nibbles>
__m512i chain(__m512i sum, const Group<nibbles>& group, const std::int8_t* x) {
#pragma GCC unroll 8
  for (int i = begin; i < end; i += step) {
    sum = _mm512_dpbusd_epi32(sum, group.values[i], four_of(x + 4 * i));
  }
  return sum;
}

template <bool nibbles, bool has_min, int rows>
void small_rows(const QuantTile& tile, std::size_t row) {
  constexpr std::size_t kValues = nibbles ? 256 : 512;
  constexpr std::size_t kGroup = kValues + (has_min ? 64 : 32);
  const std::size_t groups = tile.inputs / 32;
  __m512 sums[rows];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) sums[m] = _mm512_setzero_ps();
  const std::uint8_t* at = tile.weights;
  for (std::size_t g = 0; g < groups; ++g, at += kGroup) {
    const Group<nibbles> group(at);
    const __m512 scale = halves(at + kValues);
    const __m512 min = has_min ? halves(at + kValues + 32) : _mm512_setzero_ps();
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const std::size_t own = row + static_cast<std::size_t>(m);
      const std::int8_t* x = tile.values + own * tile.inputs + 32 * g;
      const std::size_t side = own * groups + g;
      const __m512i start =
          has_min ? _mm512_setzero_si512() : _mm512_set1_epi32(-tile.zero * tile.sums[side]);
      const __m512i product = _mm512_add_epi32(chain<0, 8, 2>(start, group, x),
                                               chain<1, 8, 2>(_mm512_setzero_si512(), group, x));
      sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(product),
                                _mm512_mul_ps(scale, _mm512_set1_ps(tile.scales[side])), sums[m]);
      if constexpr (has_min) {
        sums[m] = _mm512_fmadd_ps(min, _mm512_set1_ps(tile.scaled_sums[side]), sums[m]);
      }
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
    _mm512_storeu_ps(tile.out + (row + static_cast<std::size_t>(m)) * kTileRows, sums[m]);
  }
}

__m512 unsigned_bytes(const std::uint8_t* at) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
}

__m512 signed_bytes(const std::uint8_t* at) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
}

template <bool nibbles, bool halved, int rows>
void super_group(const QuantTile& tile, const std::uint8_t* at, std::size_t row, std::size_t g,
                 __m512* scaled, __m512* minima) {
  const Group<nibbles> group(at);
  const std::uint8_t* footer = at + (nibbles ? 256 : 512);
  const __m512 first = halved ? signed_bytes(footer) : unsigned_bytes(footer);
  const __m512 second = halved ? signed_bytes(footer + 16) : unsigned_bytes(footer + 16);
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
    const std::size_t own = row + static_cast<std::size_t>(m);
    const std::int8_t* x = tile.values + own * tile.inputs + 32 * g;
    if constexpr (halved) {
      const std::int32_t* sums = tile.sums + own * (tile.inputs / 16) + 2 * g;
      const __m512i left = chain<0, 4, 1>(_mm512_set1_epi32(-tile.zero * sums[0]), group, x);
      const __m512i right = chain<4, 8, 1>(_mm512_set1_epi32(-tile.zero * sums[1]), group, x);
      scaled[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(left), first, scaled[m]);
      scaled[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(right), second, scaled[m]);
    } else {
      const __m512i product = _mm512_add_epi32(chain<0, 8, 2>(_mm512_setzero_si512(), group, x),
                                               chain<1, 8, 2>(_mm512_setzero_si512(), group, x));
      scaled[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(product), first, scaled[m]);
      const __m512 sum = _mm512_set1_ps(tile.scaled_sums[own * (tile.inputs / 32) + g]);
      minima[m] = _mm512_fmadd_ps(second, sum, minima[m]);
    }
  }
}

template <bool nibbles, bool halved, int rows>
void super_rows(const QuantTile& tile, std::size_t row) {
  constexpr std::size_t kGroup = (nibbles ? 256 : 512) + 32;
  constexpr std::size_t kSuper = 8 * kGroup + 64;
  const std::size_t supers = tile.inputs / 256;
  __m512 sums[rows];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) sums[m] = _mm512_setzero_ps();
  for (std::size_t s = 0; s < supers; ++s) {
    const std::uint8_t* block = tile.weights + s * kSuper;
    __m512 scaled[rows];
    __m512 minima[rows];
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) scaled[m] = minima[m] = _mm512_setzero_ps();
    for (std::size_t g = 0; g < 8; ++g) {
      super_group<nibbles, halved, rows>(tile, block + g * kGroup, row, 8 * s + g, scaled, minima);
    }
    const __m512 scale = halves(block + 8 * kGroup);
    const __m512 min = halves(block + 8 * kGroup + 32);
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const float own = tile.scales[(row + static_cast<std::size_t>(m)) * supers + s];
      const __m512 part = _mm512_fmsub_ps(scaled[m], scale, _mm512_mul_ps(minima[m], min));
      sums[m] = _mm512_fmadd_ps(part, _mm512_set1_ps(own), sums[m]);
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
    _mm512_storeu_ps(tile.out + (row + static_cast<std::size_t>(m)) * kTileRows, sums[m]);
  }
}

// Eight rows at a time, so that unpacked weights are used eight times; each row's sum is formed in
// the same order however many there are.
template <bool nibbles, bool has_min>
void small_tile(const QuantTile& tile) {
  std::size_t row = 0;
  for (; row + 8 <= tile.rows; row += 8) small_rows<nibbles, has_min, 8>(tile, row);
  for (; row + 4 <= tile.rows; row += 4) small_rows<nibbles, has_min, 4>(tile, row);
  for (; row + 2 <= tile.rows; row += 2) small_rows<nibbles, has_min, 2>(tile, row);
  for (; row < tile.rows; ++row) small_rows<nibbles, has_min, 1>(tile, row);
}

template <bool nibbles, bool halved>
void super_tile(const QuantTile& tile) {
  std::size_t row = 0;
  for (; row + 4 <= tile.rows; row += 4) super_rows<nibbles, halved, 4>(tile, row);
  for (; row < tile.rows; ++row) super_rows<nibbles, halved, 1>(tile, row);
}

struct Floats {
  using Stored = float;
  static __m512 read(const float* at) { return _mm512_loadu_ps(at); }
};
struct Halves {
  using Stored = std::uint16_t;
  static __m512 read(const std::uint16_t* at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
};
struct Bfloats {
  using Stored = std::uint16_t;
  static __m512 read(const std::uint16_t* at) {
    const __m256i raw = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(raw), 16));
  }
};

// A block of `rows` by `tiles` sums, each a chain of its own over the inputs.
template <class Format, int rows, int tiles>
void dense_block(const DenseTiles& call, std::size_t row, std::size_t tile) {
  const auto* weights =
      static_cast<const typename Format::Stored*>(call.weights) + tile * call.tile_stride;
  const float* x = call.x + row * call.x_stride;
  float* out = call.out + row * call.out_stride + tile * kTileRows;
  __m512 sums[rows][tiles];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      const float* from = out + static_cast<std::size_t>(m) * call.out_stride + 16 * t;
      sums[m][t] = call.add ? _mm512_loadu_ps(from) : _mm512_setzero_ps();
    }
  }
  for (std::size_t i = 0; i < call.inputs; ++i) {
    __m512 weight[tiles];
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      weight[t] =
          Format::read(weights + static_cast<std::size_t>(t) * call.tile_stride + i * call.stride);
    }
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const __m512 own = _mm512_set1_ps(x[static_cast<std::size_t>(m) * call.x_stride + i]);
#pragma GCC unroll 8
      for (int t = 0; t < tiles; ++t) sums[m][t] = _mm512_fmadd_ps(weight[t], own, sums[m][t]);
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      _mm512_storeu_ps(out + static_cast<std::size_t>(m) * call.out_stride + 16 * t, sums[m][t]);
    }
  }
}

template <class Format, int rows, int tiles>
void dense_rows(const DenseTiles& call, std::size_t row) {
  std::size_t tile = 0;
  for (; tile + tiles <= call.tiles; tile += tiles) {
    dense_block<Format, rows, tiles>(call, row, tile);
  }
  for (; tile < call.tiles; ++tile) dense_block<Format, rows, 1>(call, row, tile);
}

template <class Format>
void dense_tiles(const DenseTiles& call) {
  std::size_t row = 0;
  for (; row + 8 <= call.rows; row += 8) dense_rows<Format, 8, 2>(call, row);
  for (; row + 4 <= call.rows; row += 4) dense_rows<Format, 4, 4>(call, row);
  for (; row + 3 <= call.rows; row += 3) dense_rows<Format, 3, 4>(call, row);
  for (; row < call.rows; ++row) dense_rows<Format, 1, 4>(call, row);
}

}  // namespace

const TileKernels& avx512_tiles() {
  static constexpr TileKernels kTiles = {
      .nibbles = small_tile<true, false>,
      .nibbles_min = small_tile<true, true>,
      .bytes = small_tile<false, false>,
      .bytes_min = small_tile<false, true>,
      .super_nibbles = super_tile<true, false>,
      .super_bytes = super_tile<false, false>,
      .super_halves = super_tile<false, true>,
      .dense_f32 = dense_tiles<Floats>,
      .dense_f16 = dense_tiles<Halves>,
      .dense_bf16 = dense_tiles<Bfloats>,
  };
  return kTiles;
}

}  // namespace wenyuan::compute
