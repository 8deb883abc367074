#include "compute/quantize_fit.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compute/weight_integers.h"

namespace wenyuan::compute {
namespace {

// Four lanes, so that sums need no order.
using Four [[gnu::vector_size(16)]] = float;

// Scales below are as good as none: none of the formats can store their tenth.
constexpr float kScaleMin = 1e-20F;

// Scales are tried that put the largest number on an outermost level, and this many to each side.
constexpr int kSteps = 4;
constexpr int kRounds = 2;

Four four(const float* at) {
  Four value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float sum(Four x) { return (x[0] + x[1]) + (x[2] + x[3]); }

// To nearest, ties to even, of numbers below 2^22.
Four rounded(Four x) {
  constexpr float kShift = 12582912.0F;
  return (x + kShift) - kShift;
}

struct Integers {
  float lowest;
  float highest;
  float zero;

  Four nearest(Four x) const {
    x = x < lowest ? lowest + Four{} : x;
    return rounded(x > highest ? highest + Four{} : x);
  }
  Four stored(Four x) const { return nearest(x) + zero; }
};

// kCurve as its first level and, above each middle of two neighbours, a step up to the next.
struct Curve {
  std::array<float, 15> middles{};
  std::array<float, 15> steps{};

  Four nearest(Four x) const {
    Four level = Four{} + float{kCurve[0]};
    for (std::size_t i = 0; i < 15; ++i) level += x > middles[i] ? steps[i] + Four{} : Four{};
    return level;
  }
  Four stored(Four x) const {
    Four index{};
    for (const float middle : middles) index += x > middle ? Four{} + 1.0F : Four{};
    return index;
  }
};

constexpr Curve make_curve() {
  Curve curve;
  for (std::size_t i = 0; i < 15; ++i) {
    curve.middles[i] = static_cast<float>(kCurve[i] + kCurve[i + 1]) / 2;
    curve.steps[i] = static_cast<float>(kCurve[i + 1] - kCurve[i]);
  }
  return curve;
}

constexpr Curve kCurveLevels = make_curve();

float inverse_of(float scale) { return std::fabs(scale) < kScaleMin ? 0 : 1 / scale; }

template <class Rounder>
Moments moments_with(const Rounder& rounder, const Part& part, Fit fit) {
  const float inverse = inverse_of(fit.scale);
  Four error{};
  Four left_level{};
  Four level_level{};
  Four all_left{};
  Four all_levels{};
  Four weights{};
  for (std::size_t i = 0; i < part.size; i += 4) {
    const Four weight = four(part.weights.data() + i);
    const Four number = four(part.numbers.data() + i) + fit.min;
    const Four level = rounder.nearest(number * inverse);
    const Four left = number - level * fit.scale;
    const Four weighted_left = weight * left;
    const Four weighted_level = weight * level;
    error += weighted_left * left;
    left_level += weighted_left * level;
    level_level += weighted_level * level;
    all_left += weighted_left;
    all_levels += weighted_level;
    weights += weight;
  }
  return {sum(error),    sum(left_level), sum(level_level),
          sum(all_left), sum(all_levels), sum(weights)};
}

template <class Rounder>
void store_with(const Rounder& rounder, const Part& part, Fit fit, std::uint8_t* values) {
  const float inverse = inverse_of(fit.scale);
  for (std::size_t i = 0; i < part.size; i += 4) {
    const Four stored = rounder.stored((four(part.numbers.data() + i) + fit.min) * inverse);
    for (std::size_t lane = 0; lane < 4; ++lane) {
      values[i + lane] = static_cast<std::uint8_t>(stored[lane]);
    }
  }
}

// The best one seen so far.
struct Best {
  Fit fit;
  float error = INFINITY;

  void offer(Fit other, float other_error) {
    if (other_error < error) *this = {other, other_error};
  }
};

// A fit with the same levels, and what error it leaves with them.
struct Better {
  Fit fit;
  float error;
};

Better with_better_scale(Fit fit, const Moments& now) {
  if (now.level_level <= 0) return {fit, now.error};
  const float more = now.left_level / now.level_level;
  fit.scale += more;
  return {fit, now.error - more * now.left_level};
}

Better with_better_scale_and_min(Fit fit, const Moments& now, bool signed_min) {
  const float determinant = now.level_level * now.weight - now.level * now.level;
  if (determinant <= 0) return {fit, now.error};
  const float more_scale = (now.left_level * now.weight - now.left * now.level) / determinant;
  const float more_min = (more_scale * now.level - now.left) / now.weight;
  if (!signed_min && fit.min + more_min < 0) {
    fit.min = 0;
    return {fit, now.error};
  }
  fit.scale += more_scale;
  fit.min += more_min;
  return {fit, now.error - more_scale * now.left_level + more_min * now.left};
}

// The number farthest from 0.
float peak(const Part& part) {
  float result = 0;
  for (std::size_t i = 0; i < part.size; ++i) {
    if (std::fabs(part.numbers[i]) > std::fabs(result)) result = part.numbers[i];
  }
  return result;
}

}  // namespace

Levels levels_of(WeightType type) {
  // Not -128: that has no magnitude in 8 bits, which some programs' products rely on.
  if (type == WeightType::q8_0) return {-127, 127, 128};
  const IntegerFormat format = integer_format(type);
  if (format.table != nullptr) return {kCurve[0], kCurve[15], 0, true};
  const auto count = static_cast<float>(1 << (format.low_bits + format.high_bits));
  const auto zero = static_cast<float>(format.zero);
  return {-zero, count - 1 - zero, zero};
}

Moments moments(const Part& part, const Levels& levels, Fit fit) {
  if (levels.is_curve) return moments_with(kCurveLevels, part, fit);
  return moments_with(Integers{levels.lowest, levels.highest, levels.zero}, part, fit);
}

void store_levels(const Part& part, const Levels& levels, Fit fit, std::uint8_t* values) {
  if (levels.is_curve) return store_with(kCurveLevels, part, fit, values);
  store_with(Integers{levels.lowest, levels.highest, levels.zero}, part, fit, values);
}

Fit fit_scale(const Part& part, const Levels& levels) {
  const float slack = levels.is_curve ? 8 : 1;
  const float largest = peak(part);
  if (std::fabs(largest) < kScaleMin) return {};
  Best best;
  for (const float end : {levels.lowest, levels.highest}) {
    if (end == 0) continue;
    for (int step = -kSteps; step <= kSteps; ++step) {
      const float off = slack * static_cast<float>(step) / kSteps;
      const Fit fit{.scale = largest / (end + off)};
      const Better better = with_better_scale(fit, moments(part, levels, fit));
      best.offer(better.fit, better.error);
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    const Better better = with_better_scale(best.fit, moments(part, levels, best.fit));
    best.offer(better.fit, better.error);
  }
  return best.fit;
}

Fit fit_scale_and_min(const Part& part, const Levels& levels, bool signed_min) {
  const auto* begin = part.numbers.data();
  const auto [low, high] = std::minmax_element(begin, begin + part.size);
  const float lowest = signed_min ? *low : std::min(*low, 0.0F);
  const float range = *high - lowest;
  if (range < kScaleMin) return {.scale = 0, .min = -lowest};
  Best best;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float off = static_cast<float>(step) / kSteps;
    Fit fit{.scale = range / (levels.highest + off), .min = -lowest};
    for (int round = 0; round < kRounds; ++round) {
      const Better better = with_better_scale_and_min(fit, moments(part, levels, fit), signed_min);
      best.offer(better.fit, better.error);
      fit = better.fit;
    }
  }
  return best.fit;
}

}  // namespace wenyuan::compute
