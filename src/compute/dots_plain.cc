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

}  // namespace

const DotKernels& plain_dots() {
  static constexpr DotKernels kDots = {dots<float>, dots<std::uint16_t>};
  return kDots;
}

}  // namespace wenyuan::compute
