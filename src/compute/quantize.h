// Rounds weights to the formats that they are stored in.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "compute/weight_type.h"

namespace wenyuan::compute {

// Looks for the scales and minima with the least sum of squared errors, each weighted with the
// importance of its input: one number of 0 or more for each input, or none at all when they are
// alike. `values` are whole rows, of whole blocks; `out` takes row_bytes(type, values.size())
// bytes.
//
// invalid_argument for sizes that do not fit, numbers that are not finite or too large for the
// format, and importances that are negative or not finite.
Status quantize(WeightType type, std::span<const float> values, std::span<const float> importance,
                std::uint8_t* out);

}  // namespace wenyuan::compute
