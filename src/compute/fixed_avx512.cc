#include <immintrin.h>

#include "compute/fixed_rows.h"
#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

__m512i load(const std::int16_t* at) { return _mm512_loadu_si512(at); }

// Two neighbours in every lane.
__m512i pair_everywhere(const std::int16_t* at) {
  std::int32_t both;
  __builtin_memcpy(&both, at, sizeof both);
  return _mm512_set1_epi32(both);
}

__m512i eight_everywhere(const std::int16_t* at) {
  return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

// Scales the sums of a row with 16 keys.
void put(__m512i sums, __m512 key_scales, const FixedDots& call, std::size_t row, std::size_t key) {
  float* to = call.out + row * call.out_stride + key;
  const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(call.x_scales[row]), key_scales);
  const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale);
  _mm512_storeu_ps(to, call.add ? _mm512_add_ps(_mm512_loadu_ps(to), scaled) : scaled);
}

// Number j of each 128 bits of the result is the sum of the same 128 bits of
// v[j].
__m512i fold_four(const __m512i* v) {
  const __m512i a =
      _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
  const __m512i b =
      _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

// Some rows with 16 keys: four fours. Each lane of 128 bits belongs to one key
// of a four.
template <int rows>
void four_fours(const FixedDots& call, std::size_t row, std::size_t key) {
  const std::int16_t* own = call.keys + key * call.size;
  const std::int16_t* x = call.x + row * call.x_stride;
  __m512i sums[rows][4];
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) {
#pragma GCC unroll 4
    for (int f = 0; f < 4; ++f) sums[m][f] = _mm512_setzero_si512();
  }
  for (std::size_t i = 0; i < call.size; i += 8) {
    // Of the next 16 keys, the share that falls to these rows when there are 16 of them.
    _mm_prefetch(reinterpret_cast<const char*>(own + (row % 16 / 4 + 4) * 4 * call.size + 4 * i),
                 _MM_HINT_T1);
    __m512i values[4];
#pragma GCC unroll 4
    for (int f = 0; f < 4; ++f) {
      values[f] = load(own + (static_cast<std::size_t>(f) * call.size + i) * 4);
    }
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) {
      const __m512i left = eight_everywhere(x + static_cast<std::size_t>(m) * call.x_stride + i);
#pragma GCC unroll 4
      for (int f = 0; f < 4; ++f) sums[m][f] = _mm512_dpwssd_epi32(sums[m][f], left, values[f]);
    }
  }
  const __m512i by_four = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  const __m512 key_scales = _mm512_loadu_ps(call.key_scales + key);
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) {
    put(_mm512_permutexvar_epi32(by_four, fold_four(sums[m])), key_scales, call,
        row + static_cast<std::size_t>(m), key);
  }
}

void fours(const FixedDots& call) {
  for (std::size_t key = 0; key < call.key_count; key += 16) {
    std::size_t row = 0;
    for (; row + 4 <= call.rows; row += 4) four_fours<4>(call, row, key);
    for (; row + 2 <= call.rows; row += 2) four_fours<2>(call, row, key);
    for (; row < call.rows; ++row) four_fours<1>(call, row, key);
  }
}

template <int rows, int tiles>
void some_tiles(const FixedDots& call, std::size_t row, std::size_t tile) {
  const std::size_t tile_size = call.size * kTileRows;
  const std::int16_t* own = call.keys + tile * tile_size;
  const std::int16_t* x = call.x + row * call.x_stride;
  __m512i sums[rows][tiles];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) sums[m][t] = _mm512_setzero_si512();
  }
  for (std::size_t i = 0; i < call.size; i += 2) {
    __m512i values[tiles];
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      values[t] = load(own + static_cast<std::size_t>(t) * tile_size + i * kTileRows);
    }
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const __m512i left = pair_everywhere(x + static_cast<std::size_t>(m) * call.x_stride + i);
#pragma GCC unroll 8
      for (int t = 0; t < tiles; ++t) {
        sums[m][t] = _mm512_dpwssd_epi32(sums[m][t], left, values[t]);
      }
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      const std::size_t key = (tile + static_cast<std::size_t>(t)) * kTileRows;
      put(sums[m][t], _mm512_loadu_ps(call.key_scales + key), call,
          row + static_cast<std::size_t>(m), key);
    }
  }
}

template <int rows, int tiles>
void all_tiles(const FixedDots& call, std::size_t row) {
  const std::size_t count = (call.key_count + kTileRows - 1) / kTileRows;
  std::size_t tile = 0;
  for (; tile + tiles <= count; tile += tiles) some_tiles<rows, tiles>(call, row, tile);
  for (; tile < count; ++tile) some_tiles<rows, 1>(call, row, tile);
}

void tiles(const FixedDots& call) {
  std::size_t row = 0;
  for (; row + 8 <= call.rows; row += 8) all_tiles<8, 2>(call, row);
  for (; row + 4 <= call.rows; row += 4) all_tiles<4, 4>(call, row);
  for (; row + 3 <= call.rows; row += 3) all_tiles<3, 4>(call, row);
  for (; row + 2 <= call.rows; row += 2) all_tiles<2, 4>(call, row);
  for (; row < call.rows; ++row) all_tiles<1, 8>(call, row);
}

// Of two vectors with 8 numbers each of four rows: the indices of pairs of
// numbers of two rows, which begin at `begin`.
__m512i pair_order(short begin) {
  const __m512i lane = _mm512_set_epi16(39, 39, 38, 38, 37, 37, 36, 36, 35, 35, 34, 34, 33, 33, 32,
                                        32, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
  const __m512i other = _mm512_set1_epi32(8 << 16);
  return _mm512_add_epi16(_mm512_add_epi16(lane, other), _mm512_set1_epi16(begin));
}

// Pairs of 16 numbers: of the first two of four rows, and of the last two.
struct Pairs {
  __m512i early;
  __m512i late;
};
Pairs pairs(const std::int16_t* four) {
  const __m512i left = load(four);
  const __m512i right = load(four + 32);
  return {_mm512_permutex2var_epi16(left, pair_order(0), right),
          _mm512_permutex2var_epi16(left, pair_order(16), right)};
}

void add_scaled(__m512i sums, float scale, float* out) {
  _mm512_storeu_ps(
      out, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(scale), _mm512_loadu_ps(out)));
}

// 32 numbers, or with `is_half` 16, of some rows' sums.
template <int rows, bool is_half>
void some_sums(const FixedSums& call, std::size_t row, std::size_t i) {
  const std::int16_t* weights = call.weights + row * call.weight_stride;
  __m512i left[rows];
  __m512i right[rows];
#pragma GCC unroll 16
  for (int m = 0; m < rows; ++m) left[m] = right[m] = _mm512_setzero_si512();
  std::size_t k = 0;
  do {  // at least once: so the sums stay where they are
    const std::int16_t* four = call.values + k * call.size + 4 * i;
    const Pairs first = pairs(four);
    const Pairs second = is_half ? first : pairs(four + 64);
#pragma GCC unroll 16
    for (int m = 0; m < rows; ++m) {
      const std::int16_t* own = weights + static_cast<std::size_t>(m) * call.weight_stride + k;
      const __m512i early = pair_everywhere(own);
      const __m512i late = pair_everywhere(own + 2);
      left[m] = _mm512_dpwssd_epi32(left[m], first.early, early);
      left[m] = _mm512_dpwssd_epi32(left[m], first.late, late);
      if constexpr (is_half) continue;
      right[m] = _mm512_dpwssd_epi32(right[m], second.early, early);
      right[m] = _mm512_dpwssd_epi32(right[m], second.late, late);
    }
    k += 4;
  } while (k < call.count);
#pragma GCC unroll 16
  for (int m = 0; m < rows; ++m) {
    const std::size_t own = row + static_cast<std::size_t>(m);
    float* out = call.out + own * call.out_stride + i;
    add_scaled(left[m], call.scales[own], out);
    if constexpr (!is_half) add_scaled(right[m], call.scales[own], out + 16);
  }
}

void sixteen(const FixedSums& call, std::size_t row) {
  for (std::size_t i = 0; i < call.size; i += 16) some_sums<16, true>(call, row, i);
}

template <int rows>
void all_sums(const FixedSums& call, std::size_t row) {
  std::size_t i = 0;
  for (; i + 32 <= call.size; i += 32) some_sums<rows, false>(call, row, i);
  for (; i < call.size; i += 16) some_sums<rows, true>(call, row, i);
}

void sums(const FixedSums& call) {
  std::size_t row = 0;
  for (; row + 16 <= call.rows; row += 16) sixteen(call, row);
  for (; row + 8 <= call.rows; row += 8) all_sums<8>(call, row);
  for (; row + 4 <= call.rows; row += 4) all_sums<4>(call, row);
  for (; row + 3 <= call.rows; row += 3) all_sums<3>(call, row);
  for (; row + 2 <= call.rows; row += 2) all_sums<2>(call, row);
  for (; row < call.rows; ++row) all_sums<1>(call, row);
}

struct Unit {
  float value;
  float inverse;
};
Unit unit_of(float by_sum, float by_largest) {
  const float unit = by_sum > by_largest ? by_sum : by_largest;
  return unit > kFixedUnitMin ? Unit{unit, 1.0F / unit} : Unit{0.0F, 0.0F};
}

void store_rounded(__m512 x, std::int16_t* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(x)));
}

float to_fixed(const float* x, std::size_t count, std::int16_t* out) {
  __m512 squares = _mm512_setzero_ps();
  __m512 largest = _mm512_setzero_ps();
  for (std::size_t i = 0; i < count; i += 16) {
    const __m512 own = _mm512_loadu_ps(x + i);
    squares = _mm512_fmadd_ps(own, own, squares);
    largest = _mm512_max_ps(largest, _mm512_abs_ps(own));
  }
  const Unit unit = unit_of(__builtin_sqrtf(_mm512_reduce_add_ps(squares)) / kFixedLengthMax,
                            _mm512_reduce_max_ps(largest) / kFixedMax);
  const __m512 inverse = _mm512_set1_ps(unit.inverse);
  for (std::size_t i = 0; i < count; i += 16) {
    store_rounded(_mm512_mul_ps(_mm512_loadu_ps(x + i), inverse), out + i);
  }
  return unit.value;
}

float to_weights(const float* x, const float* scales, std::size_t count, std::int16_t* out) {
  __m512 sum = _mm512_setzero_ps();
  __m512 largest = _mm512_setzero_ps();
  for (std::size_t i = 0; i < count; i += 16) {
    const __m512 own = _mm512_mul_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(scales + i));
    sum = _mm512_add_ps(sum, own);
    largest = _mm512_max_ps(largest, own);
  }
  const Unit unit = unit_of(_mm512_reduce_add_ps(sum) / kFixedWeightsMax,
                            _mm512_reduce_max_ps(largest) / kFixedMax);
  const __m512 inverse = _mm512_set1_ps(unit.inverse);
  for (std::size_t i = 0; i < count; i += 16) {
    const __m512 own = _mm512_mul_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(scales + i));
    store_rounded(_mm512_mul_ps(own, inverse), out + i);
  }
  return unit.value;
}

}  // namespace

const FixedKernels& avx512_fixed() {
  static constexpr FixedKernels kFixed = {
      .to_fixed = to_fixed,
      .to_weights = to_weights,
      .fours = fours,
      .tiles = tiles,
      .sums = sums,
  };
  return kFixed;
}

}  // namespace wenyuan::compute
