// Rotary positions: how far each pair of numbers of a query or key turns at a position.
//
// Su et al., "RoFormer", 2021; YaRN: Peng et al., "YaRN: Efficient Context Window Extension of
// Large Language Models", 2023.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compute/kernels.h"
#include "llm/weights.h"

namespace wenyuan::llm {

// Which two numbers of a head make a pair: neighbours, or those half a head apart. Files of the
// second kind are brought into the first one's order when they are loaded.
enum class PairOrder { neighbours, halves };

// For each number of all heads, where the file has it, so that the first `turned` numbers of a head
// become pairs of neighbours.
std::vector<std::size_t> row_order(PairOrder pairs, std::size_t heads, std::size_t head_size,
                                   std::size_t turned);

class Rotation {
 public:
  Rotation() = default;
  // `frequencies`: radians a position, for each pair. `magnitude` multiplies what is turned.
  explicit Rotation(std::vector<double> frequencies, float magnitude = 1.0F)
      : frequencies_(std::move(frequencies)), magnitude_(magnitude) {}
  // Reads rope.freq_base (or another key for the base) and rope.scaling.* for `rotated` numbers.
  // unsupported_media names a kind of scaling that we do not know.
  static Result<Rotation> read(const WeightLoader& loader, std::size_t rotated,
                               std::string_view base_key = "rope.freq_base");
  // The same without scaling, for layers that see a window only.
  static Result<Rotation> read_plain(const WeightLoader& loader, std::size_t rotated,
                                     std::string_view base_key, double fallback_base);

  std::size_t size() const { return 2 * frequencies_.size(); }
  void set_magnitude(float magnitude) { magnitude_ = magnitude; }

  // Makes ready for the positions [begin, begin + count).
  void prepare(std::size_t begin, std::size_t count);
  // Turns the first size() numbers of `x` to the position begin + row.
  void turn(float* x, std::size_t row, const compute::Kernels& kernels) const {
    kernels.rows.rotate_pairs(x, cosines_.data() + row * size(), sines_.data() + row * size(),
                              size());
  }

 private:
  std::vector<double> frequencies_;
  float magnitude_ = 1.0F;
  std::vector<float> cosines_;  // a row for each position, each value twice
  std::vector<float> sines_;    // that of even places negated
};

}  // namespace wenyuan::llm
