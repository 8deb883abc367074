// The rows that go into a matrix product, in the forms that the weights' formats want.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "compute/kernels.h"
#include "compute/thread_pool.h"

namespace wenyuan::compute {

// Bits of a set.
enum class ActivationForm : unsigned {
  floats = 1,
  int8_by_32 = 2,   // for types with blocks of 32
  int8_by_256 = 4,  // for types with blocks of 256
};

class ActivationForms {
 public:
  ActivationForms() = default;
  ActivationForms(ActivationForm form) : bits_(static_cast<unsigned>(form)) {}  // NOLINT: a set
  bool has(ActivationForm form) const { return (bits_ & static_cast<unsigned>(form)) != 0; }
  void add(ActivationForms other) { bits_ |= other.bits_; }

 private:
  unsigned bits_ = 0;
};

// Keeps its memory from use to use. One thread at a time.
class Activations {
 public:
  explicit Activations(const Kernels& kernels = best_kernels()) : kernels_(&kernels) {}

  // Has `write` produce each row (from any thread, each row once), then brings it into the forms.
  using WriteRow = std::function<void(std::size_t row, float* out)>;
  void fill(std::size_t rows, std::size_t inputs, ActivationForms forms, ThreadPool& threads,
            const WriteRow& write);

  // Takes over rows of another one, in this order; a row may be taken several times.
  void gather(const Activations& from, std::span<const std::uint32_t> rows, ThreadPool& threads);

  std::size_t rows() const { return rows_; }
  std::size_t inputs() const { return inputs_; }
  ActivationForms forms() const { return forms_; }
  const Kernels& kernels() const { return *kernels_; }

  const float* floats(std::size_t row) const { return floats_.data() + row * inputs_; }
  // The quantised rows from `row` on, as a tile product wants them.
  void point(QuantTile& tile, std::size_t row, ActivationForm form) const;

 private:
  struct Quantised {
    std::vector<std::int8_t> values;
    std::vector<float> scales;
    std::vector<std::int32_t> sums;
    std::vector<float> scaled_sums;  // by 32 only
  };
  void make_room(std::size_t rows, std::size_t inputs, ActivationForms forms);
  void quantise(std::size_t row);
  static void copy_row(const Quantised& from, std::size_t row, Quantised& to, std::size_t to_row,
                       std::size_t inputs, bool is_small);

  const Kernels* kernels_;
  std::size_t rows_ = 0;
  std::size_t inputs_ = 0;
  ActivationForms forms_;
  std::vector<float> floats_;
  Quantised by_32_;
  Quantised by_256_;
};

}  // namespace wenyuan::compute
