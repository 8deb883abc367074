// What tensors a GGUF file will have, and where in a Hugging Face checkpoint their numbers lie.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "llm/hf_config.h"
#include "llm/safetensors.h"

namespace wenyuan::llm {

// A checkpoint's tensor as rows of numbers. One-dimensional ones are columns: a number a row.
// 8-bit floats are multiplied by the scale of their block.
class SourceTensor {
 public:
  SourceTensor() = default;
  explicit SourceTensor(const SafetensorsView& view) : view_(&view) {}
  // corrupt when the scales do not fit. Blocks of `block` x `block`.
  static Result<SourceTensor> scaled(const SafetensorsView& view, const SafetensorsView& scales,
                                     std::uint64_t block);

  const SafetensorsView& view() const { return *view_; }
  std::uint64_t columns() const;
  std::uint64_t rows() const { return view_->element_count() / columns(); }
  void read(std::uint64_t row, std::uint64_t count, std::span<float> out) const;

 private:
  const SafetensorsView* view_ = nullptr;
  std::vector<float> scales_;
  std::uint64_t block_ = 0;
};

// Some rows of a source, laid out as the file wants them.
struct TensorPart {
  SourceTensor source;
  std::uint64_t first_row = 0;        // of the source
  std::uint64_t rows = 0;             // of the result
  std::uint64_t permuted_head = 0;    // rows a head, when they are permuted
  std::uint64_t transposed_rows = 0;  // of the source, when they become the columns
  float added = 0;

  std::uint64_t columns() const {
    return transposed_rows != 0 ? transposed_rows : source.columns();
  }
  // A transposed part is read whole.
  void read(std::uint64_t row, std::uint64_t count, std::span<float> out) const;
};

struct PlannedTensor {
  std::string name;
  std::vector<std::uint64_t> shape;  // innermost first, as in GGUF
  std::vector<TensorPart> parts;     // one below the other
  std::vector<float> values;         // instead of parts

  // Norms, biases, routers and the like stay in single precision.
  bool stays_f32() const;
};

// In the order of the layers. unsupported_media for tensors that have no place in this
// architecture, corrupt for stacks that are not complete and shapes that do not fit.
Result<std::vector<PlannedTensor>> plan_tensors(const HfConfig& config,
                                                const Safetensors& checkpoint);

}  // namespace wenyuan::llm
