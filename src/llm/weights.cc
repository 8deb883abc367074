#include "llm/weights.h"

#include <cmath>
#include <limits>
#include <optional>

#include "base/assert.h"
#include "base/file.h"

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
    case TensorType::q2_k: return WeightType::q2_k;
    case TensorType::q3_k: return WeightType::q3_k;
    case TensorType::iq4_nl: return WeightType::iq4_nl;
    case TensorType::iq4_xs: return WeightType::iq4_xs;
    case TensorType::mxfp4: return WeightType::mxfp4;
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

Result<compute::KeyValueType> key_value_type(std::string_view name) {
  if (name == "f16") return compute::KeyValueType::f16;
  if (name == "q8_0") return compute::KeyValueType::q8_0;
  return Error{ErrorCode::invalid_argument,
               "keys and values are kept as f16 or q8_0, not as \"" + std::string(name) + "\""};
}

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

double WeightLoader::real_or(std::string_view name, double fallback) const {
  return file_.real(key(name)).value_or(fallback);
}

bool WeightLoader::flag_or(std::string_view name, bool fallback) const {
  return file_.flag(key(name)).value_or(fallback);
}

std::string_view WeightLoader::text_or(std::string_view name, std::string_view fallback) const {
  return file_.text(key(name)).value_or(fallback);
}

std::uint64_t WeightLoader::element_count(std::string_view name) const {
  const TensorView* view = file_.tensor(name);
  return view == nullptr ? 0 : view->element_count();
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

Result<WeightLoader::Found> WeightLoader::find(const std::string& name,
                                               std::initializer_list<std::size_t> sizes) const {
  WY_TRY(const Found found, find(name));
  const std::vector<std::uint64_t>& shape = found.view->shape;
  std::string wanted;
  bool fits = ends_at(*found.view, sizes.size());
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    if (!wanted.empty()) wanted += " x ";
    wanted += std::to_string(size);
    fits = fits && (at < shape.size() ? shape[at] : 1) == size;
    ++at;
  }
  if (!fits) return wrong_shape(*found.view, wanted);
  return found;
}

Result<compute::Matrix> WeightLoader::make(const std::string& name, compute::WeightType type,
                                           std::size_t inputs, std::size_t outputs,
                                           std::size_t parts,
                                           std::span<const std::uint8_t> bytes) const {
  auto matrix = compute::Matrix::create_stack(type, inputs, outputs, parts, bytes,
                                              {options_.precision, options_.threads});
  if (!matrix) return within("tensor " + name, std::move(matrix).error());
  if (options_.statistics) matrix->observe(options_.statistics(name, inputs, parts));
  return matrix;
}

Result<compute::Matrix> WeightLoader::matrix(const std::string& name, std::size_t inputs,
                                             std::size_t outputs) const {
  return stack(name, inputs, outputs, 1);
}

Result<compute::Matrix> WeightLoader::stack(const std::string& name, std::size_t inputs,
                                            std::size_t outputs, std::size_t parts) const {
  WY_TRY(const Found found, find(name, {inputs, outputs, parts}));
  auto matrix = make(name, found.type, inputs, outputs, parts, found.view->bytes);
  // They are in memory in another form now.
  release_pages(found.view->bytes);
  return matrix;
}

Result<compute::Matrix> WeightLoader::matrix_in_order(const std::string& name, std::size_t inputs,
                                                      std::size_t outputs,
                                                      std::span<const std::size_t> order,
                                                      std::size_t parts) const {
  WY_TRY(const Found found, find(name, {inputs, outputs}));
  const std::size_t row_size = found.view->bytes.size() / outputs;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(order.size() * row_size);
  for (const std::size_t row : order) {
    WY_ASSERT(row < outputs);
    const auto from = found.view->bytes.subspan(row * row_size, row_size);
    bytes.insert(bytes.end(), from.begin(), from.end());
  }
  return make(name, found.type, inputs, order.size() / parts, parts, bytes);
}

Result<std::vector<float>> WeightLoader::floats(const std::string& name, std::size_t size) const {
  WY_TRY(const Found found, find(name));
  if (found.view->element_count() != size) {
    return wrong_shape(*found.view, std::to_string(size) + " numbers");
  }
  std::vector<float> values(size);
  compute::dequantize(found.type, found.view->bytes.data(), values);
  return values;
}

Result<compute::Matrix> WeightLoader::stack_of_floats(const std::string& like, std::size_t inputs,
                                                      std::size_t outputs, std::size_t parts,
                                                      std::span<const float> values) const {
  using compute::WeightType;
  WY_TRY(const Found found, find(like));
  const auto bytes_of = [](const auto& numbers) {
    return std::span(reinterpret_cast<const std::uint8_t*>(numbers.data()),
                     numbers.size() * sizeof numbers[0]);
  };
  const compute::MatrixOptions options{options_.precision, options_.threads};
  if (found.type == WeightType::f32 || found.type == WeightType::bf16 ||
      options_.precision == compute::Precision::exact) {
    return compute::Matrix::create_stack(WeightType::f32, inputs, outputs, parts, bytes_of(values),
                                         options);
  }
  std::vector<std::uint16_t> halves(values.size());
  options_.kernels->rows.to_half(values.data(), values.size(), halves.data());
  return compute::Matrix::create_stack(WeightType::f16, inputs, outputs, parts, bytes_of(halves),
                                       options);
}

Result<EmbeddingTable> WeightLoader::table(const std::string& name, std::size_t width) const {
  WY_TRY(const Found found, find(name));
  if (found.view->shape[0] != width || !ends_at(*found.view, 2)) {
    return wrong_shape(*found.view, std::to_string(width) + " x rows");
  }
  return EmbeddingTable(*found.view, found.type, width);
}

Result<std::vector<float>> WeightLoader::vector(const std::string& name, std::size_t size) const {
  WY_TRY(const Found found, find(name, {size}));
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
