#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/half.h"
#include "compute/quantize_blocks.h"
#include "compute/quantize_fit.h"
#include "compute/weight_integers.h"

namespace wenyuan::compute {
namespace {

float put_half(float value, std::uint8_t* out) {
  const std::uint16_t half = float_to_half(value);
  out[0] = static_cast<std::uint8_t>(half & 0xFF);
  out[1] = static_cast<std::uint8_t>(half >> 8);
  return half_to_float(half);
}

// The nearest of the eight magnitudes of MXFP4, and how far it is.
struct Nearest {
  float distance;
  std::uint8_t at;
};
Nearest nearest_tiny_float(float magnitude) {
  Nearest best{std::numeric_limits<float>::infinity(), 0};
  for (std::uint8_t i = 0; i < 8; ++i) {
    const float distance = std::fabs(magnitude - static_cast<float>(kTinyFloats[i]));
    if (distance < best.distance) best = {distance, i};
  }
  return best;
}

float store_mxfp4(const Part& part, int exponent, BlockValues& values) {
  const float inverse = std::ldexp(1.0F, 128 - exponent);
  float error = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const float number = part.numbers[i];
    const Nearest nearest = nearest_tiny_float(std::fabs(number) * inverse);
    error += part.weights[i] * nearest.distance * nearest.distance;
    const bool is_negative = number < 0 && nearest.at != 0;
    values[i] = static_cast<std::uint8_t>(nearest.at | (is_negative ? 8 : 0));
  }
  return std::ldexp(error, 2 * (exponent - 128));
}

// The scale is a power of two: the one that lets the largest number in, or a neighbour.
void quantize_mxfp4(const Part& part, std::uint8_t* block) {
  float largest = 0;
  for (const float number : part.numbers) largest = std::max(largest, std::fabs(number));
  int exponent = 0;
  static_cast<void>(std::frexp(largest, &exponent));  // largest is below 2^exponent
  constexpr int kExponentMin = 2;                     // the scale of 2 is the least normal number
  constexpr int kExponentMax = 254;
  const int usual = exponent - 3 + 127;
  float best = std::numeric_limits<float>::infinity();
  BlockValues values{};
  for (int at = usual - 1; at <= usual + 1; ++at) {
    const int own = std::clamp(at, kExponentMin, kExponentMax);
    const float error = store_mxfp4(part, own, values);
    if (error >= best) continue;
    best = error;
    block[0] = static_cast<std::uint8_t>(own);
    write_values(WeightType::mxfp4, values, block);
  }
}

}  // namespace

void quantize_small(WeightType type, const float* numbers, const float* weights,
                    std::uint8_t* block) {
  Part part{.size = 32};
  std::copy_n(numbers, 32, part.numbers.begin());
  std::copy_n(weights, 32, part.weights.begin());
  std::memset(block, 0, weight_block(type).bytes);
  if (type == WeightType::mxfp4) return quantize_mxfp4(part, block);
  const Levels levels = levels_of(type);
  const bool has_min = integer_format(type).has_min;
  Fit fit = has_min ? fit_scale_and_min(part, levels, true) : fit_scale(part, levels);
  fit.scale = put_half(fit.scale, block);
  if (has_min) fit.min = -put_half(-fit.min, block + 2);
  BlockValues values{};
  store_levels(part, levels, fit, values.data());
  write_values(type, values, block);
}

}  // namespace wenyuan::compute
