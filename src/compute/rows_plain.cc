#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

void quantize_32(const float* x, std::size_t count, const QuantRow& out) {
  for (std::size_t g = 0; g < count / 32; ++g) {
    const float* group = x + 32 * g;
    float largest = 0;
    for (std::size_t i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(group[i]));
    const float scale = largest / 127.0F;
    const float inverse = largest > 0 ? 127.0F / largest : 0.0F;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      const auto rounded = static_cast<std::int32_t>(std::nearbyint(group[i] * inverse));
      out.values[32 * g + i] = static_cast<std::int8_t>(rounded);
      sum += rounded;
    }
    out.scales[g] = scale;
    out.sums[g] = sum;
    out.scaled_sums[g] = scale * static_cast<float>(sum);
  }
}

std::int32_t pair(std::int32_t first, std::int32_t second) {
  return (first & 0xFFFF) | (second << 16);
}

void quantize_256(const float* x, std::size_t count, const QuantRow& out) {
  for (std::size_t s = 0; s < count / 256; ++s) {
    const float* block = x + 256 * s;
    float largest = 0;
    for (std::size_t i = 0; i < 256; ++i) largest = std::max(largest, std::fabs(block[i]));
    const float inverse = largest > 0 ? 127.0F / largest : 0.0F;
    std::int32_t sums[16] = {};
    for (std::size_t i = 0; i < 256; ++i) {
      const auto rounded = static_cast<std::int32_t>(std::nearbyint(block[i] * inverse));
      out.values[256 * s + i] = static_cast<std::int8_t>(rounded);
      sums[i / 16] += rounded;
    }
    std::int32_t* pairs = out.sums + 16 * s;
    for (std::size_t i = 0; i < 8; ++i) pairs[i] = pair(sums[2 * i], sums[2 * i + 1]);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::int32_t* four = sums + 4 * i;
      pairs[8 + i] = pair(four[0] + four[1], four[2] + four[3]);
      pairs[12 + i] = 0;
    }
    out.scales[s] = largest / 127.0F;
  }
}

void rms_norm(const float* x, const float* weight, std::size_t count, float epsilon, float* out) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += double{x[i]} * double{x[i]};
  const float scale =
      1.0F / std::sqrt(static_cast<float>(sum / static_cast<double>(count)) + epsilon);
  for (std::size_t i = 0; i < count; ++i) out[i] = x[i] * scale * weight[i];
}

void layer_norm(const float* x, const float* weight, const float* bias, std::size_t count,
                float epsilon, float* out) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += double{x[i]};
  const auto mean = static_cast<float>(sum / static_cast<double>(count));
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float off = x[i] - mean;
    squares += double{off} * double{off};
  }
  const float scale =
      1.0F / std::sqrt(static_cast<float>(squares / static_cast<double>(count)) + epsilon);
  for (std::size_t i = 0; i < count; ++i) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}

void swiglu(const float* gate, const float* up, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = gate[i] / (1.0F + std::exp(-gate[i])) * up[i];
}

void gelu(float* x, std::size_t count) {
  constexpr float kInverseRootOfTwo = 0.70710678118654752F;
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = 0.5F * x[i] * (1.0F + std::erf(x[i] * kInverseRootOfTwo));
  }
}

float max(const float* x, std::size_t count) { return *std::max_element(x, x + count); }

float exp_minus(float* x, std::size_t count, float subtrahend) {
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = std::exp(x[i] - subtrahend);
    sum += x[i];
  }
  return sum;
}

void rotate_pairs(float* x, const float* cosine, const float* sine, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 2) {
    const float even = x[i];
    const float odd = x[i + 1];
    x[i] = even * cosine[i] + odd * sine[i];
    x[i + 1] = odd * cosine[i + 1] + even * sine[i + 1];
  }
}

void to_half(const float* x, std::size_t count, std::uint16_t* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = float_to_half(x[i]);
}

void scale(float* x, std::size_t count, float by) {
  for (std::size_t i = 0; i < count; ++i) x[i] *= by;
}

void mix(float* x, float own, const float* other, float others, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) x[i] = x[i] * own + other[i] * others;
}

constexpr RowKernels kRows = {
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

}  // namespace

const RowKernels& plain_rows() { return kRows; }

}  // namespace wenyuan::compute
