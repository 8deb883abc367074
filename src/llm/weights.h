// Takes a model's numbers out of a GGUF file, checking that they have the shapes that are expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "compute/matrix.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

// How a model is loaded; the default is what the engine uses, the rest is for measuring it.
struct LoadOptions {
  compute::Precision precision = compute::Precision::fast;
  const compute::Kernels* kernels = &compute::best_kernels();
};

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
  std::string key(std::string_view key) const {
    return file_.architecture() + "." + std::string(key);
  }

  bool has(std::string_view name) const { return file_.tensor(name) != nullptr; }
  Result<compute::Matrix> matrix(const std::string& name, std::size_t inputs,
                                 std::size_t outputs) const;
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

  const Gguf& file_;
  LoadOptions options_;
};

}  // namespace wenyuan::llm
