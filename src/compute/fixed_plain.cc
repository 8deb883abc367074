#include <algorithm>
#include <cmath>
#include <cstdint>

#include "compute/fixed_rows.h"
#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

float to_fixed(const float* x, std::size_t count, std::int16_t* out) {
  float squares = 0;
  float largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    squares += x[i] * x[i];
    largest = std::max(largest, std::fabs(x[i]));
  }
  const float unit = std::max(std::sqrt(squares) / kFixedLengthMax, largest / kFixedMax);
  const float inverse = unit > kFixedUnitMin ? 1.0F / unit : 0.0F;
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<std::int16_t>(std::lrint(x[i] * inverse));
  }
  return unit > kFixedUnitMin ? unit : 0.0F;
}

float to_weights(const float* x, const float* scales, std::size_t count, std::int16_t* out) {
  float sum = 0;
  float largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += x[i] * scales[i];
    largest = std::max(largest, x[i] * scales[i]);
  }
  const float unit = std::max(sum / kFixedWeightsMax, largest / kFixedMax);
  const float inverse = unit > kFixedUnitMin ? 1.0F / unit : 0.0F;
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<std::int16_t>(std::lrint(x[i] * scales[i] * inverse));
  }
  return unit > kFixedUnitMin ? unit : 0.0F;
}

void put(const FixedDots& call, std::size_t row, std::size_t key, std::int32_t sum) {
  float& out = call.out[row * call.out_stride + key];
  const float scaled = static_cast<float>(sum) * (call.x_scales[row] * call.key_scales[key]);
  out = call.add ? out + scaled : scaled;
}

std::size_t place_in_fours(std::size_t size, std::size_t row, std::size_t i) {
  return (row / 4 * size + i / 8 * 8) * 4 + row % 4 * 8 + i % 8;
}

std::size_t place_in_tiles(std::size_t size, std::size_t row, std::size_t i) {
  return (row / 16 * size + i / 2 * 2) * 16 + row % 16 * 2 + i % 2;
}

template <std::size_t place(std::size_t size, std::size_t row, std::size_t i)>
void dots(const FixedDots& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    for (std::size_t key = 0; key < call.key_count; ++key) {
      std::int32_t sum = 0;
      for (std::size_t i = 0; i < call.size; ++i) {
        sum += std::int32_t{call.x[row * call.x_stride + i]} * call.keys[place(call.size, key, i)];
      }
      put(call, row, key, sum);
    }
  }
}

void sums(const FixedSums& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    for (std::size_t i = 0; i < call.size; ++i) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < call.count; ++k) {
        sum += std::int32_t{call.weights[row * call.weight_stride + k]} *
               call.values[place_in_fours(call.size, k, i)];
      }
      call.out[row * call.out_stride + i] += static_cast<float>(sum) * call.scales[row];
    }
  }
}

}  // namespace

const FixedKernels& plain_fixed() {
  static constexpr FixedKernels kFixed = {
      .to_fixed = to_fixed,
      .to_weights = to_weights,
      .fours = dots<place_in_fours>,
      .tiles = dots<place_in_tiles>,
      .sums = sums,
  };
  return kFixed;
}

}  // namespace wenyuan::compute
