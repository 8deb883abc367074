#include "index/inner_product.h"

#include <faiss/utils/distances.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace wenyuan::index {
namespace {

#if defined(__x86_64__)
// Four sums at once, because an addition takes four cycles.
__attribute__((target("avx2,fma"))) float inner_product_avx2(const float* a, const float* b,
                                                             std::size_t size) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                    _mm256_setzero_ps()};
  std::size_t i = 0;
  for (; i + 32 <= size; i += 32) {
    for (std::size_t k = 0; k < 4; ++k) {
      sums[k] =
          _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8 * k), _mm256_loadu_ps(b + i + 8 * k), sums[k]);
    }
  }
  const __m256 all =
      _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  four = _mm_add_ss(four, _mm_movehdup_ps(four));
  float sum = _mm_cvtss_f32(four);
  for (; i < size; ++i) sum += a[i] * b[i];
  return sum;
}
#endif

float inner_product_faiss(const float* a, const float* b, std::size_t size) {
  return faiss::fvec_inner_product(a, b, size);
}

}  // namespace

InnerProduct inner_product() {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2) return inner_product_avx2;
#endif
  return inner_product_faiss;
}

}  // namespace wenyuan::index
