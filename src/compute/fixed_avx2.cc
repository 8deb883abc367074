#include <immintrin.h>

#include "compute/fixed_rows.h"
#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

__m256i load(const std::int16_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

// Two neighbours in every lane.
__m256i pair_everywhere(const std::int16_t* at) {
  std::int32_t both;
  __builtin_memcpy(&both, at, sizeof both);
  return _mm256_set1_epi32(both);
}

__m256i add_products(__m256i sum, __m256i a, __m256i b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

__m256i eight_everywhere(const std::int16_t* at) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

// Scales the sums of a row with 8 keys.
void put(__m256i sums, const FixedDots& call, std::size_t row, std::size_t key) {
  float* to = call.out + row * call.out_stride + key;
  const __m256 scale =
      _mm256_mul_ps(_mm256_set1_ps(call.x_scales[row]), _mm256_loadu_ps(call.key_scales + key));
  const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), scale);
  _mm256_storeu_ps(to, call.add ? _mm256_add_ps(_mm256_loadu_ps(to), scaled) : scaled);
}

// Some rows with 8 keys: two fours, in two vectors each. Each half of a vector
// belongs to one key.
template <int rows>
void two_fours(const FixedDots& call, std::size_t row, std::size_t key) {
  const std::int16_t* own = call.keys + key * call.size;
  const std::int16_t* x = call.x + row * call.x_stride;
  __m256i sums[rows][4];
  for (int m = 0; m < rows; ++m) {
    for (int h = 0; h < 4; ++h) sums[m][h] = _mm256_setzero_si256();
  }
  for (std::size_t i = 0; i < call.size; i += 8) {
    const __m256i values[4] = {load(own + 4 * i), load(own + 4 * i + 16),
                               load(own + 4 * (call.size + i)),
                               load(own + 4 * (call.size + i) + 16)};
    for (int m = 0; m < rows; ++m) {
      const __m256i left = eight_everywhere(x + static_cast<std::size_t>(m) * call.x_stride + i);
      for (int h = 0; h < 4; ++h) sums[m][h] = add_products(sums[m][h], left, values[h]);
    }
  }
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (int m = 0; m < rows; ++m) {
    const __m256i folded = _mm256_hadd_epi32(_mm256_hadd_epi32(sums[m][0], sums[m][1]),
                                             _mm256_hadd_epi32(sums[m][2], sums[m][3]));
    put(_mm256_permutevar8x32_epi32(folded, order), call, row + static_cast<std::size_t>(m), key);
  }
}

void fours(const FixedDots& call) {
  for (std::size_t key = 0; key < call.key_count; key += 8) {
    std::size_t row = 0;
    for (; row + 2 <= call.rows; row += 2) two_fours<2>(call, row, key);
    for (; row < call.rows; ++row) two_fours<1>(call, row, key);
  }
}

// Some rows with the keys of a tile, half of them in each vector.
template <int rows>
void one_tile(const FixedDots& call, std::size_t row, std::size_t tile) {
  const std::int16_t* own = call.keys + tile * call.size * kTileRows;
  const std::int16_t* x = call.x + row * call.x_stride;
  __m256i sums[rows][2];
  for (int m = 0; m < rows; ++m) sums[m][0] = sums[m][1] = _mm256_setzero_si256();
  for (std::size_t i = 0; i < call.size; i += 2) {
    const __m256i low = load(own + i * kTileRows);
    const __m256i high = load(own + i * kTileRows + 16);
    for (int m = 0; m < rows; ++m) {
      const __m256i left = pair_everywhere(x + static_cast<std::size_t>(m) * call.x_stride + i);
      sums[m][0] = add_products(sums[m][0], left, low);
      sums[m][1] = add_products(sums[m][1], left, high);
    }
  }
  for (int m = 0; m < rows; ++m) {
    const std::size_t at = row + static_cast<std::size_t>(m);
    put(sums[m][0], call, at, tile * kTileRows);
    put(sums[m][1], call, at, tile * kTileRows + 8);
  }
}

void tiles(const FixedDots& call) {
  const std::size_t count = (call.key_count + kTileRows - 1) / kTileRows;
  for (std::size_t tile = 0; tile < count; ++tile) {
    std::size_t row = 0;
    for (; row + 4 <= call.rows; row += 4) one_tile<4>(call, row, tile);
    for (; row + 2 <= call.rows; row += 2) one_tile<2>(call, row, tile);
    for (; row < call.rows; ++row) one_tile<1>(call, row, tile);
  }
}

// Pairs of the 8 numbers that two rows have one behind the other.
__m256i pairs(const std::int16_t* at) {
  const __m256i order = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,  //
                                         0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  return _mm256_shuffle_epi8(_mm256_permute4x64_epi64(load(at), 0xD8), order);
}

// 16 numbers of some rows' sums.
template <int rows>
void some_sums(const FixedSums& call, std::size_t row, std::size_t i) {
  const std::int16_t* weights = call.weights + row * call.weight_stride;
  __m256i sums[rows][2];
  for (int m = 0; m < rows; ++m) sums[m][0] = sums[m][1] = _mm256_setzero_si256();
  for (std::size_t k = 0; k < call.count; k += 4) {
    const std::int16_t* four = call.values + k * call.size + 4 * i;
    for (std::size_t two = 0; two < 2; ++two) {
      const __m256i left = pairs(four + 16 * two);
      const __m256i right = pairs(four + 16 * two + 32);
      for (int m = 0; m < rows; ++m) {
        const __m256i own = pair_everywhere(
            weights + static_cast<std::size_t>(m) * call.weight_stride + k + 2 * two);
        sums[m][0] = add_products(sums[m][0], left, own);
        sums[m][1] = add_products(sums[m][1], right, own);
      }
    }
  }
  for (int m = 0; m < rows; ++m) {
    const std::size_t at = row + static_cast<std::size_t>(m);
    const __m256 scale = _mm256_set1_ps(call.scales[at]);
    for (int side = 0; side < 2; ++side) {
      float* out = call.out + at * call.out_stride + i + 8 * side;
      const __m256 sum = _mm256_cvtepi32_ps(sums[m][side]);
      _mm256_storeu_ps(out, _mm256_fmadd_ps(sum, scale, _mm256_loadu_ps(out)));
    }
  }
}

template <int rows>
void all_sums(const FixedSums& call, std::size_t row) {
  for (std::size_t i = 0; i < call.size; i += 16) some_sums<rows>(call, row, i);
}

void sums(const FixedSums& call) {
  std::size_t row = 0;
  for (; row + 4 <= call.rows; row += 4) all_sums<4>(call, row);
  for (; row + 2 <= call.rows; row += 2) all_sums<2>(call, row);
  for (; row < call.rows; ++row) all_sums<1>(call, row);
}

float sum_of(__m256 x) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

float max_of(__m256 x) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

struct Unit {
  float value;
  float inverse;
};
Unit unit_of(float by_sum, float by_largest) {
  const float unit = by_sum > by_largest ? by_sum : by_largest;
  return unit > kFixedUnitMin ? Unit{unit, 1.0F / unit} : Unit{0.0F, 0.0F};
}

void store_rounded(__m256 low, __m256 high, std::int16_t* out) {
  const __m256i packed = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute4x64_epi64(packed, 0xD8));
}

float to_fixed(const float* x, std::size_t count, std::int16_t* out) {
  __m256 squares = _mm256_setzero_ps();
  __m256 largest = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 own = _mm256_loadu_ps(x + i);
    squares = _mm256_fmadd_ps(own, own, squares);
    largest = _mm256_max_ps(largest, _mm256_andnot_ps(_mm256_set1_ps(-0.0F), own));
  }
  const Unit unit =
      unit_of(__builtin_sqrtf(sum_of(squares)) / kFixedLengthMax, max_of(largest) / kFixedMax);
  const __m256 inverse = _mm256_set1_ps(unit.inverse);
  for (std::size_t i = 0; i < count; i += 16) {
    store_rounded(_mm256_mul_ps(_mm256_loadu_ps(x + i), inverse),
                  _mm256_mul_ps(_mm256_loadu_ps(x + i + 8), inverse), out + i);
  }
  return unit.value;
}

float to_weights(const float* x, const float* scales, std::size_t count, std::int16_t* out) {
  const auto product = [&](std::size_t i) {
    return _mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(scales + i));
  };
  __m256 sum = _mm256_setzero_ps();
  __m256 largest = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 own = product(i);
    sum = _mm256_add_ps(sum, own);
    largest = _mm256_max_ps(largest, own);
  }
  const Unit unit = unit_of(sum_of(sum) / kFixedWeightsMax, max_of(largest) / kFixedMax);
  const __m256 inverse = _mm256_set1_ps(unit.inverse);
  for (std::size_t i = 0; i < count; i += 16) {
    store_rounded(_mm256_mul_ps(product(i), inverse), _mm256_mul_ps(product(i + 8), inverse),
                  out + i);
  }
  return unit.value;
}

}  // namespace

const FixedKernels& avx2_fixed() {
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
