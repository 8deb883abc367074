#include <immintrin.h>

#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

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

std::int32_t sum_of(__m256i x) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1)));
}

__m256 absolute(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }

// The first `count` lanes, for _mm256_maskload_ps.
__m256i first_lanes(std::size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

__m256 load_some(const float* x, std::size_t left) {
  return left >= 8 ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, first_lanes(left));
}

void store_some(float* x, std::size_t left, __m256 value) {
  if (left >= 8) {
    _mm256_storeu_ps(x, value);
  } else {
    _mm256_maskstore_ps(x, first_lanes(left), value);
  }
}

// e^x to about 2 units in the last place: 2^n times a polynomial on [-ln 2 / 2,
// ln 2 / 2].
__m256 exponential(__m256 x) {
  x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(-87.3F)), _mm256_set1_ps(88.0F));
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 p = _mm256_set1_ps(1.0F / 5040);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 720));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 120));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 24));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F / 6));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0F));
  const __m256i power =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(power));
}

__m256i rounded(const float* x, __m256 factor) {
  return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), factor));
}

// Rounds 32 numbers to int8; left and right become the sums of the first and
// second 16.
void quantize_group(const float* x, __m256 factor, std::int8_t* out, std::int32_t& left,
                    std::int32_t& right) {
  const __m256i a = rounded(x, factor);
  const __m256i b = rounded(x + 8, factor);
  const __m256i c = rounded(x + 16, factor);
  const __m256i d = rounded(x + 24, factor);
  left = sum_of(_mm256_add_epi32(a, b));
  right = sum_of(_mm256_add_epi32(c, d));
  const __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(packed, order));
}

float largest_of(const float* x, std::size_t count) {
  __m256 largest = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 8) {
    largest = _mm256_max_ps(largest, absolute(_mm256_loadu_ps(x + i)));
  }
  return max_of(largest);
}

void quantize_32(const float* x, std::size_t count, const QuantRow& out) {
  for (std::size_t g = 0; g < count / 32; ++g) {
    const float largest = largest_of(x + 32 * g, 32);
    const float scale = largest / 127.0F;
    const __m256 factor = _mm256_set1_ps(largest > 0 ? 127.0F / largest : 0.0F);
    std::int32_t left;
    std::int32_t right;
    quantize_group(x + 32 * g, factor, out.values + 32 * g, left, right);
    out.scales[g] = scale;
    out.sums[g] = left + right;
    out.scaled_sums[g] = scale * static_cast<float>(left + right);
  }
}

std::int32_t pair(std::int32_t first, std::int32_t second) {
  return (first & 0xFFFF) | (second << 16);
}

void quantize_256(const float* x, std::size_t count, const QuantRow& out) {
  for (std::size_t s = 0; s < count / 256; ++s) {
    const float largest = largest_of(x + 256 * s, 256);
    const __m256 factor = _mm256_set1_ps(largest > 0 ? 127.0F / largest : 0.0F);
    std::int32_t* pairs = out.sums + 16 * s;
    std::int32_t whole[8];
    for (std::size_t g = 0; g < 8; ++g) {
      std::int32_t left;
      std::int32_t right;
      const std::size_t at = 256 * s + 32 * g;
      quantize_group(x + at, factor, out.values + at, left, right);
      pairs[g] = pair(left, right);
      whole[g] = left + right;
    }
    for (std::size_t i = 0; i < 4; ++i) {
      pairs[8 + i] = pair(whole[2 * i], whole[2 * i + 1]);
      pairs[12 + i] = 0;
    }
    out.scales[s] = largest / 127.0F;
  }
}

void rms_norm(const float* x, const float* weight, std::size_t count, float epsilon, float* out) {
  __m256 squares = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 own = load_some(x + i, count - i);
    squares = _mm256_fmadd_ps(own, own, squares);
  }
  const float mean = sum_of(squares) / static_cast<float>(count);
  const __m256 scale = _mm256_set1_ps(1.0F / __builtin_sqrtf(mean + epsilon));
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 own = _mm256_mul_ps(load_some(x + i, count - i), scale);
    store_some(out + i, count - i, _mm256_mul_ps(own, load_some(weight + i, count - i)));
  }
}

void layer_norm(const float* x, const float* weight, const float* bias, std::size_t count,
                float epsilon, float* out) {
  __m256 sum = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 8) {
    sum = _mm256_add_ps(sum, load_some(x + i, count - i));
  }
  const __m256 mean = _mm256_set1_ps(sum_of(sum) / static_cast<float>(count));
  __m256 squares = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 8) {
    __m256 off = _mm256_sub_ps(load_some(x + i, count - i), mean);
    if (count - i < 8) off = _mm256_and_ps(off, _mm256_castsi256_ps(first_lanes(count - i)));
    squares = _mm256_fmadd_ps(off, off, squares);
  }
  const float variance = sum_of(squares) / static_cast<float>(count);
  const __m256 scale = _mm256_set1_ps(1.0F / __builtin_sqrtf(variance + epsilon));
  for (std::size_t i = 0; i < count; i += 8) {
    const std::size_t left = count - i;
    const __m256 own = _mm256_mul_ps(_mm256_sub_ps(load_some(x + i, left), mean), scale);
    store_some(out + i, left,
               _mm256_fmadd_ps(own, load_some(weight + i, left), load_some(bias + i, left)));
  }
}

void swiglu(const float* gate, const float* up, std::size_t count, float* out) {
  const __m256 one = _mm256_set1_ps(1.0F);
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 own = load_some(gate + i, count - i);
    const __m256 decay = exponential(_mm256_sub_ps(_mm256_setzero_ps(), own));
    const __m256 silu = _mm256_div_ps(own, _mm256_add_ps(one, decay));
    store_some(out + i, count - i, _mm256_mul_ps(silu, load_some(up + i, count - i)));
  }
}

// erf by Abramowitz and Stegun 7.1.26: wrong by at most 1.5e-7.
void gelu(float* x, std::size_t count) {
  const __m256 one = _mm256_set1_ps(1.0F);
  const __m256 sign_bit = _mm256_set1_ps(-0.0F);
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 own = load_some(x + i, count - i);
    const __m256 z = _mm256_mul_ps(own, _mm256_set1_ps(0.70710678118654752F));
    const __m256 a = absolute(z);
    const __m256 t = _mm256_div_ps(one, _mm256_fmadd_ps(a, _mm256_set1_ps(0.3275911F), one));
    __m256 p = _mm256_set1_ps(1.061405429F);
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(-1.453152027F));
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(1.421413741F));
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(-0.284496736F));
    p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(0.254829592F));
    p = _mm256_mul_ps(p, t);
    const __m256 tail = exponential(_mm256_sub_ps(_mm256_setzero_ps(), _mm256_mul_ps(a, a)));
    const __m256 erf = _mm256_or_ps(_mm256_fnmadd_ps(p, tail, one), _mm256_and_ps(z, sign_bit));
    const __m256 half = _mm256_mul_ps(own, _mm256_set1_ps(0.5F));
    store_some(x + i, count - i, _mm256_fmadd_ps(half, erf, half));
  }
}

float max(const float* x, std::size_t count) {
  __m256 largest = _mm256_set1_ps(x[0]);
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) largest = _mm256_max_ps(largest, _mm256_loadu_ps(x + i));
  float result = max_of(largest);
  for (; i < count; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

float exp_minus(float* x, std::size_t count, float subtrahend) {
  const __m256 offset = _mm256_set1_ps(subtrahend);
  __m256 sum = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += 8) {
    const std::size_t left = count - i;
    __m256 own = exponential(_mm256_sub_ps(load_some(x + i, left), offset));
    if (left < 8) own = _mm256_and_ps(own, _mm256_castsi256_ps(first_lanes(left)));
    store_some(x + i, left, own);
    sum = _mm256_add_ps(sum, own);
  }
  return sum_of(sum);
}

void rotate_pairs(float* x, const float* cosine, const float* sine, std::size_t count) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256 own = _mm256_loadu_ps(x + i);
    const __m256 partner = _mm256_permute_ps(own, 0xB1);
    const __m256 turned = _mm256_mul_ps(partner, _mm256_loadu_ps(sine + i));
    _mm256_storeu_ps(x + i, _mm256_fmadd_ps(own, _mm256_loadu_ps(cosine + i), turned));
  }
  for (; i < count; i += 2) {
    const float even = x[i];
    const float odd = x[i + 1];
    x[i] = even * cosine[i] + odd * sine[i];
    x[i + 1] = odd * cosine[i + 1] + even * sine[i + 1];
  }
}

void to_half(const float* x, std::size_t count, std::uint16_t* out) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  }
  for (; i < count; ++i) {
    const __m128i half = _mm_cvtps_ph(_mm_set_ss(x[i]), _MM_FROUND_TO_NEAREST_INT);
    out[i] = static_cast<std::uint16_t>(_mm_extract_epi16(half, 0));
  }
}

void scale(float* x, std::size_t count, float by) {
  const __m256 factor = _mm256_set1_ps(by);
  for (std::size_t i = 0; i < count; i += 8) {
    store_some(x + i, count - i, _mm256_mul_ps(load_some(x + i, count - i), factor));
  }
}

void mix(float* x, float own, const float* other, float others, std::size_t count) {
  const __m256 left = _mm256_set1_ps(own);
  const __m256 right = _mm256_set1_ps(others);
  for (std::size_t i = 0; i < count; i += 8) {
    const __m256 added = _mm256_mul_ps(load_some(other + i, count - i), right);
    store_some(x + i, count - i, _mm256_fmadd_ps(load_some(x + i, count - i), left, added));
  }
}

}  // namespace

const RowKernels& avx2_rows() {
  static constexpr RowKernels kRows = {
      .quantize_32 = quantize_32,
      .quantize_256 = quantize_256,
      .rms_norm = rms_norm,
      .layer_norm = layer_norm,
      .swiglu = swiglu,
      .gelu = gelu,
      .max = max,
      .exp_minus = exp_minus,
      .rotate_pairs = rotate_pairs,
      .to_half = to_half,
      .scale = scale,
      .mix = mix,
  };
  return kRows;
}

}  // namespace wenyuan::compute
