#include "llm/decoder/stream.h"

#include <algorithm>

namespace wenyuan::llm {

void Stream::fill_normed(const std::vector<float>& norm, std::size_t rows,
                         compute::ActivationForms forms) {
  activations.fill(rows, width, forms, threads, [&](std::size_t row, float* out) {
    kernels.rows.rms_norm(hidden.data() + row * width, norm.data(), width, epsilon, out);
  });
}

void Stream::fill(compute::Activations& target, const float* from, std::size_t rows,
                  std::size_t row_width, compute::ActivationForms forms) {
  target.fill(rows, row_width, forms, threads, [&](std::size_t row, float* out) {
    std::copy_n(from + row * row_width, row_width, out);
  });
}

}  // namespace wenyuan::llm
