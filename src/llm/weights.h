// Takes a model's numbers out of a GGUF file, checking that they have the shapes that are expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "compute/attention.h"
#include "compute/matrix.h"
#include "llm/decoder/choice.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

// How a model is loaded; the default is what the engine uses, the rest is for measuring it.
struct LoadOptions {
  compute::Precision precision = compute::Precision::fast;
  const compute::Kernels* kernels = &compute::best_kernels();
  compute::ThreadPool* threads = nullptr;           // to load with
  std::optional<compute::KeyValueType> cache = {};  // of a decoder; none: what suits its weights
  RoutingObserver on_routing = {};
  // Where to sum up what goes into the matrix of a tensor; null: nowhere.
  std::function<compute::InputStatistics*(const std::string& tensor, std::size_t inputs,
                                          std::size_t parts)>
      statistics = {};
};

// "f16" or "q8_0", as an option of the command line has it.
Result<compute::KeyValueType> key_value_type(std::string_view name);

// A table that is read row by row, decoded from the file's own bytes, so it lives no longer than
// the file.
class EmbeddingTable {
 public:
  EmbeddingTable() = default;
  EmbeddingTable(const TensorView& view, compute::WeightType type, std::size_t width);

  std::size_t size() const { return rows_; }
  std::size_t width() const { return width_; }
  void read(std::size_t row, float* out) const;

 private:
  const std::uint8_t* bytes_ = nullptr;
  compute::WeightType type_ = compute::WeightType::f32;
  std::size_t width_ = 0;
  std::size_t rows_ = 0;
};

// Errors: corrupt for a missing tensor or a wrong shape, unsupported_media for a type that we
// cannot run. The messages name the tensor.
class WeightLoader {
 public:
  WeightLoader(const Gguf& file, const LoadOptions& options) : file_(file), options_(options) {}

  // A number of the model's own metadata, "<architecture>.<key>", within bounds.
  Result<std::size_t> size(std::string_view key, std::size_t min, std::size_t max) const;
  Result<std::size_t> size_or(std::string_view key, std::size_t fallback, std::size_t min,
                              std::size_t max) const;
  Result<float> real(std::string_view key) const;  // finite
  double real_or(std::string_view key, double fallback) const;
  bool flag_or(std::string_view key, bool fallback) const;
  std::string_view text_or(std::string_view key, std::string_view fallback) const;
  std::string key(std::string_view key) const {
    return file_.architecture() + "." + std::string(key);
  }

  const Gguf& file() const { return file_; }
  const LoadOptions& options() const { return options_; }

  bool has(std::string_view name) const { return file_.tensor(name) != nullptr; }
  std::uint64_t element_count(std::string_view name) const;  // 0 when there is none
  Result<compute::Matrix> matrix(const std::string& name, std::size_t inputs,
                                 std::size_t outputs) const;
  // `parts` matrices one behind the other in a tensor of three dimensions.
  Result<compute::Matrix> stack(const std::string& name, std::size_t inputs, std::size_t outputs,
                                std::size_t parts) const;
  // A matrix of `outputs` rows in the file, of which those in `order` make `parts` equal parts.
  Result<compute::Matrix> matrix_in_order(const std::string& name, std::size_t inputs,
                                          std::size_t outputs, std::span<const std::size_t> order,
                                          std::size_t parts = 1) const;
  // All numbers of a tensor of `size` elements, decoded.
  Result<std::vector<float>> floats(const std::string& name, std::size_t size) const;
  // Matrices made of floats that were decoded from the tensor `like`: half precision, or single
  // when that one has it.
  Result<compute::Matrix> stack_of_floats(const std::string& like, std::size_t inputs,
                                          std::size_t outputs, std::size_t parts,
                                          std::span<const float> values) const;
  Result<EmbeddingTable> table(const std::string& name, std::size_t width) const;
  Result<std::vector<float>> vector(const std::string& name, std::size_t size) const;
  // Empty when the file has none.
  Result<std::vector<float>> vector_if_any(const std::string& name, std::size_t size) const;

 private:
  struct Found {
    const TensorView* view;
    compute::WeightType type;
  };
  Result<Found> find(const std::string& name) const;
  Result<compute::Matrix> make(const std::string& name, compute::WeightType type,
                               std::size_t inputs, std::size_t outputs, std::size_t parts,
                               std::span<const std::uint8_t> bytes) const;
  // With these sizes, innermost first; those behind them must be 1.
  Result<Found> find(const std::string& name, std::initializer_list<std::size_t> sizes) const;

  const Gguf& file_;
  LoadOptions options_;
};

}  // namespace wenyuan::llm
