#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "compute/quantize_blocks.h"
#include "compute/quantize_fit.h"
#include "compute/weight_integers.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kPartsMax = 16;
constexpr int kRounds = 2;

float rounded_to_half(float value) { return half_to_float(float_to_half(value)); }

// The integer scales that a type can have; its minima go from 0 to the same end.
struct ScaleRange {
  int lowest;
  int highest;
};

ScaleRange scale_range(WeightType type) {
  switch (type) {
    case WeightType::q2_k: return {0, 15};
    case WeightType::q4_k:
    case WeightType::q5_k: return {0, 63};
    case WeightType::q6_k: return {-128, 127};
    default: return {-32, 31};
  }
}

class SuperBlock {
 public:
  SuperBlock(WeightType type, const float* numbers, const float* weights)
      : type_(type),
        format_(integer_format(type)),
        range_(scale_range(type)),
        levels_(levels_of(type)) {
    for (std::size_t i = 0; i < part_count(); ++i) {
      parts_[i].size = format_.part;
      std::copy_n(numbers + i * format_.part, format_.part, parts_[i].numbers.begin());
      std::copy_n(weights + i * format_.part, format_.part, parts_[i].weights.begin());
    }
  }

  void quantize(std::uint8_t* block) {
    choose_scales();
    for (int round = 0; round < kRounds; ++round) {
      for (std::size_t i = 0; i < part_count(); ++i) improve_integers(i);
      improve_whole();
    }
    store(block);
  }

 private:
  struct Whole {
    float scale = 0;
    float min = 0;
  };

  std::size_t part_count() const { return 256 / format_.part; }

  // As decoding multiplies them.
  static Fit fit(int scale, int min, Whole whole) {
    return {whole.scale * static_cast<float>(scale), whole.min * static_cast<float>(min)};
  }
  Fit fit(std::size_t part, Whole whole) const {
    return fit(integers_.scales[part], integers_.minima[part], whole);
  }

  // Scales of the parts on their own, then one for the block that brings them near integers.
  void choose_scales() {
    Part scales{.size = part_count()};
    Part minima{.size = part_count()};
    for (std::size_t i = 0; i < part_count(); ++i) {
      const Fit own = format_.has_min ? fit_scale_and_min(parts_[i], levels_, false)
                                      : fit_scale(parts_[i], levels_);
      const Moments now = moments(parts_[i], levels_, own);
      scales.numbers[i] = own.scale;
      scales.weights[i] = now.level_level;
      minima.numbers[i] = own.min;
      minima.weights[i] = now.weight;
    }
    const auto lowest = static_cast<float>(range_.lowest);
    const Levels range{lowest, static_cast<float>(range_.highest), -lowest};
    whole_.scale = choose(scales, range, integers_.scales);
    if (format_.has_min) whole_.min = choose(minima, range, integers_.minima);
  }

  // Sets the integers, and returns what they are multiples of.
  template <class Integers>
  float choose(const Part& wanted, const Levels& range, Integers& integers) const {
    Fit fit = fit_scale(wanted, range);
    fit.scale = rounded_to_half(fit.scale);
    std::array<std::uint8_t, 32> values{};
    store_levels(wanted, range, fit, values.data());
    for (std::size_t i = 0; i < part_count(); ++i) {
      integers[i] = static_cast<typename Integers::value_type>(values[i] + range_.lowest);
    }
    return fit.scale;
  }

  // Tries the neighbours of a part's integers.
  void improve_integers(std::size_t part) {
    const int scale = integers_.scales[part];
    const int min = integers_.minima[part];
    const int reach = format_.has_min ? 1 : 0;
    float best = INFINITY;
    for (int s = std::max(scale - 1, range_.lowest); s <= std::min(scale + 1, range_.highest);
         ++s) {
      for (int m = std::max(min - reach, 0); m <= std::min(min + reach, range_.highest); ++m) {
        const float error = moments(parts_[part], levels_, fit(s, m, whole_)).error;
        if (error >= best) continue;
        best = error;
        integers_.scales[part] = static_cast<std::int8_t>(s);
        integers_.minima[part] = static_cast<std::uint8_t>(m);
      }
    }
  }

  // Solves for the block's scale and minimum, given the integers, and keeps what is better.
  void improve_whole() {
    double error = 0;
    double left_level = 0;
    double left_min = 0;
    double level_level = 0;
    double level_min = 0;
    double min_min = 0;
    for (std::size_t i = 0; i < part_count(); ++i) {
      const Moments now = moments(parts_[i], levels_, fit(i, whole_));
      const double s = integers_.scales[i];
      const double m = integers_.minima[i];
      error += double{now.error};
      left_level += s * double{now.left_level};
      left_min += m * double{now.left};
      level_level += s * s * double{now.level_level};
      level_min += s * m * double{now.level};
      min_min += m * m * double{now.weight};
    }
    const double determinant = level_level * min_min - level_min * level_min;
    double more_scale = level_level > 0 ? left_level / level_level : 0;
    double more_min = 0;
    if (determinant > 0) {
      more_scale = (left_level * min_min - left_min * level_min) / determinant;
      more_min = (more_scale * level_min - left_min) / min_min;
    }
    const Whole other{rounded_to_half(whole_.scale + static_cast<float>(more_scale)),
                      rounded_to_half(whole_.min + static_cast<float>(more_min))};
    if (other.min < 0) return;
    double other_error = 0;
    for (std::size_t i = 0; i < part_count(); ++i) {
      other_error += double{moments(parts_[i], levels_, fit(i, other)).error};
    }
    if (other_error < error) whole_ = other;
  }

  void store(std::uint8_t* block) const {
    std::memset(block, 0, weight_block(type_).bytes);
    const auto put = [block](std::size_t at, float value) {
      const std::uint16_t half = float_to_half(value);
      block[at] = static_cast<std::uint8_t>(half & 0xFF);
      block[at + 1] = static_cast<std::uint8_t>(half >> 8);
    };
    put(format_.scale_at, whole_.scale);
    if (format_.has_min) put(format_.scale_at + 2, whole_.min);
    write_scales(type_, integers_, block);
    BlockValues values{};
    for (std::size_t i = 0; i < part_count(); ++i) {
      store_levels(parts_[i], levels_, fit(i, whole_), values.data() + i * format_.part);
    }
    write_values(type_, values, block);
  }

  WeightType type_;
  IntegerFormat format_;
  ScaleRange range_;
  Levels levels_;
  std::array<Part, kPartsMax> parts_;
  PartScales integers_;
  Whole whole_;
};

}  // namespace

void quantize_super(WeightType type, const float* numbers, const float* weights,
                    std::uint8_t* block) {
  SuperBlock(type, numbers, weights).quantize(block);
}

}  // namespace wenyuan::compute
