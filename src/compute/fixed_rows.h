// Rows of 16-bit integers with a scale: as precise as halves, and multiplied
// twice as fast as floats.
//
// A row is scaled so that its length, the root of the sum of its squares, is at
// most kFixedLengthMax. By the inequality of Cauchy and Schwarz no sum of
// products of two such rows is larger than its square, whatever part of them is
// summed: 32 bits hold it. Rounding adds at most half the root of the number of
// elements to a length, for which there is room up to 2^16 of them.
//
// Rounding a row of n numbers this way costs sqrt(n) / sqrt(12) / 46000 of its
// length, 1.5e-4 at n = 576; rounding it to halves, about 2e-4.
#pragma once

#include <cstddef>

namespace wenyuan::compute {

constexpr float kFixedMax = 32767;
constexpr float kFixedLengthMax = 46000;
// Of the weights of at most kFixedWeightCount keys, which then sum up to less
// than 2^16, rounding included: times kFixedMax, 32 bits hold it.
constexpr std::size_t kFixedWeightCount = 64;
constexpr float kFixedWeightsMax = 65000;
// What is smaller is nothing; its inverse would not be a number.
constexpr float kFixedUnitMin = 1e-35F;

}  // namespace wenyuan::compute
