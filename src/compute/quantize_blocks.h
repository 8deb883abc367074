// Brings the numbers of one block into a format that stores them in fewer bits.
#pragma once

#include <cstdint>

#include "compute/weight_type.h"

namespace wenyuan::compute {

// `weights` say how much the square of an error counts in each number; all are above 0. `block` is
// overwritten.
void quantize_small(WeightType type, const float* numbers, const float* weights,
                    std::uint8_t* block);
void quantize_super(WeightType type, const float* numbers, const float* weights,
                    std::uint8_t* block);

}  // namespace wenyuan::compute
