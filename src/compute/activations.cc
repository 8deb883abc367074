#include "compute/activations.h"

#include <algorithm>

#include "base/assert.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kRowsPerPiece = 8;

template <class T>
void grow(std::vector<T>& values, std::size_t size) {
  if (values.size() < size) values.resize(size);
}

}  // namespace

void Activations::make_room(std::size_t rows, std::size_t inputs, ActivationForms forms) {
  WY_ASSERT(!forms.has(ActivationForm::int8_by_32) || inputs % 32 == 0);
  WY_ASSERT(!forms.has(ActivationForm::int8_by_256) || inputs % 256 == 0);
  rows_ = rows;
  inputs_ = inputs;
  forms_ = forms;
  grow(floats_, rows * inputs);
  if (forms.has(ActivationForm::int8_by_32)) {
    grow(by_32_.values, rows * inputs);
    grow(by_32_.scales, rows * (inputs / 32));
    grow(by_32_.sums, rows * (inputs / 32));
    grow(by_32_.scaled_sums, rows * (inputs / 32));
  }
  if (forms.has(ActivationForm::int8_by_256)) {
    grow(by_256_.values, rows * inputs);
    grow(by_256_.scales, rows * (inputs / 256));
    grow(by_256_.sums, rows * (inputs / 16));
  }
}

void Activations::fill(std::size_t rows, std::size_t inputs, ActivationForms forms,
                       ThreadPool& threads, const WriteRow& write) {
  make_room(rows, inputs, forms);
  threads.parallel_for((rows + kRowsPerPiece - 1) / kRowsPerPiece, [&](std::size_t piece) {
    const std::size_t end = std::min(rows, (piece + 1) * kRowsPerPiece);
    for (std::size_t row = piece * kRowsPerPiece; row < end; ++row) {
      write(row, floats_.data() + row * inputs);
      quantise(row);
    }
  });
}

void Activations::copy_row(const Quantised& from, std::size_t row, Quantised& to,
                           std::size_t to_row, std::size_t inputs, bool is_small) {
  const auto copy = [&](const auto& source, auto& target, std::size_t size) {
    std::copy_n(source.data() + row * size, size, target.data() + to_row * size);
  };
  copy(from.values, to.values, inputs);
  copy(from.scales, to.scales, inputs / (is_small ? 32 : 256));
  copy(from.sums, to.sums, inputs / (is_small ? 32 : 16));
  if (is_small) copy(from.scaled_sums, to.scaled_sums, inputs / 32);
}

void Activations::gather(const Activations& from, std::span<const std::uint32_t> rows,
                         ThreadPool& threads) {
  make_room(rows.size(), from.inputs_, from.forms_);
  threads.parallel_for((rows.size() + kRowsPerPiece - 1) / kRowsPerPiece, [&](std::size_t piece) {
    const std::size_t end = std::min(rows.size(), (piece + 1) * kRowsPerPiece);
    for (std::size_t i = piece * kRowsPerPiece; i < end; ++i) {
      std::copy_n(from.floats(rows[i]), inputs_, floats_.data() + i * inputs_);
      if (forms_.has(ActivationForm::int8_by_32)) {
        copy_row(from.by_32_, rows[i], by_32_, i, inputs_, true);
      }
      if (forms_.has(ActivationForm::int8_by_256)) {
        copy_row(from.by_256_, rows[i], by_256_, i, inputs_, false);
      }
    }
  });
}

void Activations::quantise(std::size_t row) {
  const float* x = floats(row);
  if (forms_.has(ActivationForm::int8_by_32)) {
    const std::size_t at = row * (inputs_ / 32);
    kernels_->rows.quantize_32(x, inputs_,
                               {by_32_.values.data() + row * inputs_, by_32_.scales.data() + at,
                                by_32_.sums.data() + at, by_32_.scaled_sums.data() + at});
  }
  if (forms_.has(ActivationForm::int8_by_256)) {
    kernels_->rows.quantize_256(
        x, inputs_,
        {by_256_.values.data() + row * inputs_, by_256_.scales.data() + row * (inputs_ / 256),
         by_256_.sums.data() + row * (inputs_ / 16), nullptr});
  }
}

void Activations::point(QuantTile& tile, std::size_t row, ActivationForm form) const {
  WY_ASSERT(forms_.has(form));
  const bool small = form == ActivationForm::int8_by_32;
  const Quantised& from = small ? by_32_ : by_256_;
  tile.inputs = inputs_;
  tile.values = from.values.data() + row * inputs_;
  tile.scales = from.scales.data() + row * (inputs_ / (small ? 32 : 256));
  tile.sums = from.sums.data() + row * (inputs_ / (small ? 32 : 16));
  tile.scaled_sums = small ? from.scaled_sums.data() + row * (inputs_ / 32) : nullptr;
}

}  // namespace wenyuan::compute
