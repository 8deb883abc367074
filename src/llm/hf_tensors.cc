#include "llm/hf_tensors.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "base/text.h"

namespace wenyuan::llm {

Result<SourceTensor> SourceTensor::scaled(const SafetensorsView& view,
                                          const SafetensorsView& scales, std::uint64_t block) {
  SourceTensor tensor(view);
  const auto blocks = [block](std::uint64_t size) { return (size + block - 1) / block; };
  const bool fits = view.shape.size() == 2 && scales.shape.size() == 2 &&
                    scales.shape[0] == blocks(view.shape[0]) &&
                    scales.shape[1] == blocks(view.shape[1]);
  if (!fits) {
    return Error{ErrorCode::corrupt,
                 "the scales of the tensor " + json_quoted(view.name) + " do not fit it"};
  }
  tensor.block_ = block;
  tensor.scales_.resize(scales.element_count());
  read_elements(scales, 0, tensor.scales_);
  return tensor;
}

std::uint64_t SourceTensor::columns() const {
  return view_->shape.size() < 2 ? 1 : view_->shape.back();
}

void SourceTensor::read(std::uint64_t row, std::uint64_t count, std::span<float> out) const {
  const std::uint64_t width = columns();
  read_elements(*view_, row * width, out.first(count * width));
  if (block_ == 0) return;
  const std::uint64_t across = (width + block_ - 1) / block_;
  for (std::uint64_t i = 0; i < count; ++i) {
    const float* scales = scales_.data() + (row + i) / block_ * across;
    for (std::uint64_t j = 0; j < width; ++j) out[i * width + j] *= scales[j / block_];
  }
}

void TensorPart::read(std::uint64_t row, std::uint64_t count, std::span<float> out) const {
  const std::uint64_t width = columns();
  WY_ASSERT(row + count <= rows && out.size() >= count * width);
  if (transposed_rows != 0) {
    WY_ASSERT(row == 0 && count == rows);
    std::vector<float> block(rows * width);
    source.read(first_row, transposed_rows, block);
    for (std::uint64_t i = 0; i < rows; ++i) {
      for (std::uint64_t j = 0; j < width; ++j) out[i * width + j] = block[j * rows + i];
    }
    return;
  }
  if (permuted_head == 0) {
    source.read(first_row + row, count, out);
  } else {
    const std::uint64_t half = permuted_head / 2;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t in_head = (row + i) % permuted_head;
      const std::uint64_t from = row + i - in_head + in_head % 2 * half + in_head / 2;
      source.read(first_row + from, 1, out.subspan(i * width, width));
    }
  }
  if (added == 0) return;
  for (float& value : out.first(count * width)) value += added;
}

bool PlannedTensor::stays_f32() const {
  const std::string_view text = name;
  if (shape.size() == 1 || !text.ends_with(".weight") || text.ends_with("_norm.weight"))
    return true;
  for (const char* part :
       {"ffn_gate_inp.", "ffn_gate_inp_shexp.", "position_embd.", "token_types."}) {
    if (text.find(part) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace wenyuan::llm
