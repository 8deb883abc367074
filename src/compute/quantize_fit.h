// Finds the scale and the minimum with which a few levels come closest to some numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "compute/weight_type.h"

namespace wenyuan::compute {

// Up to 32 numbers, a multiple of 4, and how much the square of an error counts in each.
struct Part {
  alignas(16) std::array<float, 32> numbers{};
  alignas(16) std::array<float, 32> weights{};
  std::size_t size = 0;
};

// What stored values stand for: the integers from `lowest` to `highest`, stored with `zero` added,
// or those 16 of kCurve.
struct Levels {
  float lowest = 0;
  float highest = 0;
  float zero = 0;
  bool is_curve = false;
};
Levels levels_of(WeightType type);

// A number is scale * level - min.
struct Fit {
  float scale = 0;
  float min = 0;
};

// Sums over a part, whose numbers take the nearest levels: what is left of them, and what a small
// change of the scale and the minimum would do about it.
struct Moments {
  float error = 0;       // of left * left, weighted as all of these
  float left_level = 0;  // of left * level
  float level_level = 0;
  float left = 0;
  float level = 0;
  float weight = 0;
};
Moments moments(const Part& part, const Levels& levels, Fit fit);

// Stores the nearest levels.
void store_levels(const Part& part, const Levels& levels, Fit fit, std::uint8_t* values);

// With a minimum of 0.
Fit fit_scale(const Part& part, const Levels& levels);

// Minima below 0 are only allowed where the format has signed ones.
Fit fit_scale_and_min(const Part& part, const Levels& levels, bool signed_min);

}  // namespace wenyuan::compute
