#include "llm/weights.h"

#include <cmath>
#include <limits>
#include <optional>

#include "base/assert.h"

namespace wenyuan::llm {
namespace {

std::optional<compute::WeightType> weight_type(TensorType type) {
  using compute::WeightType;
  switch (type) {
    case TensorType::f32: return WeightType::f32;
    case TensorType::f16: return WeightType::f16;
    case TensorType::bf16: return WeightType::bf16;
    case TensorType::q8_0: return WeightType::q8_0;
    case TensorType::q4_0: return WeightType::q4_0;
    case TensorType::q4_1: return WeightType::q4_1;
    case TensorType::q5_0: return WeightType::q5_0;
    case TensorType::q5_1: return WeightType::q5_1;
    case TensorType::q4_k: return WeightType::q4_k;
    case TensorType::q5_k: return WeightType::q5_k;
    case TensorType::q6_k: return WeightType::q6_k;
    default: return std::nullopt;
  }
}

std::string shape_text(const TensorView& view) {
  std::string text;
  for (const std::uint64_t size : view.shape) {
    text += (text.empty() ? "" : " x ") + std::to_string(size);
  }
  return text;
}

Error wrong_shape(const TensorView& view, const std::string& wanted) {
  return Error{ErrorCode::corrupt,
               "tensor " + view.name + " is " + shape_text(view) + " instead of " + wanted};
}

// Sizes behind the first `from` dimensions must all be 1.
bool ends_at(const TensorView& view, std::size_t from) {
  for (std::size_t i = from; i < view.shape.size(); ++i) {
    if (view.shape[i] != 1) return false;
  }
  return true;
}

}  // namespace

EmbeddingTable::EmbeddingTable(const TensorView& view, compute::WeightType type, std::size_t width)
    : bytes_(view.bytes.data()), type_(type), width_(width), rows_(view.element_count() / width) {}

void EmbeddingTable::read(std::size_t row, float* out) const {
  WY_ASSERT(row < rows_);
  compute::dequantize(type_, bytes_ + row * compute::row_bytes(type_, width_), {out, width_});
}

Result<std::size_t> WeightLoader::size(std::string_view name, std::size_t min,
                                       std::size_t max) const {
  const std::string full = key(name);
  if (file_.find(full) == nullptr) {
    return Error{ErrorCode::corrupt, "the model has no " + full};
  }
  const std::int64_t value = file_.integer(full).value_or(-1);
  if (value < 0 || static_cast<std::uint64_t>(value) < min ||
      static_cast<std::uint64_t>(value) > max) {
    return Error{ErrorCode::corrupt, full + " is not a number from " + std::to_string(min) +
                                         " to " + std::to_string(max)};
  }
  return static_cast<std::size_t>(value);
}

Result<std::size_t> WeightLoader::size_or(std::string_view name, std::size_t fallback,
                                          std::size_t min, std::size_t max) const {
  if (file_.find(key(name)) == nullptr) return fallback;
  return size(name, min, max);
}

Result<float> WeightLoader::real(std::string_view name) const {
  const std::string full = key(name);
  const double value = file_.real(full).value_or(std::numeric_limits<double>::quiet_NaN());
  if (!std::isfinite(value) || std::fabs(value) > 1e30) {
    return Error{ErrorCode::corrupt, "the model has no usable " + full};
  }
  return static_cast<float>(value);
}

Result<WeightLoader::Found> WeightLoader::find(const std::string& name) const {
  const TensorView* view = file_.tensor(name);
  if (view == nullptr) return Error{ErrorCode::corrupt, "the model has no tensor " + name};
  const auto type = weight_type(view->type);
  if (!type) {
    return Error{ErrorCode::unsupported_media, "tensor " + name + " has the type " +
                                                   std::string(llm::name(view->type)) +
                                                   ", which we cannot run"};
  }
  return Found{view, *type};
}

Result<compute::Matrix> WeightLoader::matrix(const std::string& name, std::size_t inputs,
                                             std::size_t outputs) const {
  WY_TRY(const Found found, find(name));
  const TensorView& view = *found.view;
  if (view.shape.size() < 2 || !ends_at(view, 2) || view.shape[0] != inputs ||
      view.shape[1] != outputs) {
    return wrong_shape(view, std::to_string(inputs) + " x " + std::to_string(outputs));
  }
  auto matrix =
      compute::Matrix::create(found.type, inputs, outputs, view.bytes, options_.precision);
  if (!matrix) return within("tensor " + name, std::move(matrix).error());
  return matrix;
}

Result<EmbeddingTable> WeightLoader::table(const std::string& name, std::size_t width) const {
  WY_TRY(const Found found, find(name));
  if (found.view->shape[0] != width || !ends_at(*found.view, 2)) {
    return wrong_shape(*found.view, std::to_string(width) + " x rows");
  }
  return EmbeddingTable(*found.view, found.type, width);
}

Result<std::vector<float>> WeightLoader::vector(const std::string& name, std::size_t size) const {
  WY_TRY(const Found found, find(name));
  if (found.view->shape[0] != size || !ends_at(*found.view, 1)) {
    return wrong_shape(*found.view, std::to_string(size));
  }
  std::vector<float> values(size);
  compute::dequantize(found.type, found.view->bytes.data(), values);
  return values;
}

Result<std::vector<float>> WeightLoader::vector_if_any(const std::string& name,
                                                       std::size_t size) const {
  if (!has(name)) return std::vector<float>();
  return vector(name, size);
}

}  // namespace wenyuan::llm
