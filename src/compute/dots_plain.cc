#include <cstdint>

#include "base/half.h"
#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

float read(float value) { return value; }
float read(std::uint16_t half) { return half_to_float(half); }

template <class Stored>
void dots(const RowDots& call) {
  const auto* keys = static_cast<const Stored*>(call.keys);
  for (std::size_t row = 0; row < call.rows; ++row) {
    for (std::size_t k = 0; k < call.key_count; ++k) {
      float sum = 0;
      for (std::size_t i = 0; i < call.size; ++i) {
        sum += call.x[row * call.x_stride + i] * read(keys[k * call.key_stride + i]);
      }
      call.out[row * call.out_stride + k] = sum;
    }
  }
}

void from_half(const std::uint16_t* x, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = half_to_float(x[i]);
}

void from_q8_0(const std::uint8_t* blocks, std::size_t count, float* out) {
  for (std::size_t at = 0; at < count; at += 32, blocks += 34) {
    const float scale = half_to_float(static_cast<std::uint16_t>(blocks[0] | blocks[1] << 8));
    for (std::size_t i = 0; i < 32; ++i) {
      out[at + i] = scale * static_cast<float>(static_cast<std::int8_t>(blocks[2 + i]));
    }
  }
}

}  // namespace

const DotKernels& plain_dots() {
  static constexpr DotKernels kDots = {dots<float>, dots<std::uint16_t>, from_half, from_q8_0};
  return kDots;
}

}  // namespace wenyuan::compute
