// A weight matrix in memory, rearranged for the kernels, and its product with rows of activations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/result.h"
#include "compute/activations.h"
#include "compute/aligned_buffer.h"
#include "compute/input_statistics.h"
#include "compute/pack.h"
#include "compute/thread_pool.h"
#include "compute/weight_type.h"

namespace wenyuan::compute {

// `exact` decodes the weights to floats and keeps the activations floats: slow and large, for
// measuring what the fast way loses.
enum class Precision { fast, exact };

// How a matrix is made.
struct MatrixOptions {
  Precision precision = Precision::fast;
  ThreadPool* threads = nullptr;  // to rearrange it with; null: the caller alone
};

struct Product;

// Thread-safe once created.
class Matrix {
 public:
  Matrix() = default;

  // `weights` are `outputs` rows of `inputs` elements, as in the file; they are copied.
  // invalid_argument when the sizes do not fit, unavailable when there is no memory.
  static Result<Matrix> create(WeightType type, std::size_t inputs, std::size_t outputs,
                               std::span<const std::uint8_t> weights,
                               const MatrixOptions& options = {});
  // `parts` matrices of one shape, one behind the other: a layer's experts, or its heads.
  static Result<Matrix> create_stack(WeightType type, std::size_t inputs, std::size_t outputs,
                                     std::size_t parts, std::span<const std::uint8_t> weights,
                                     const MatrixOptions& options = {});

  // From now on every row that goes into a product is added up. `statistics` must outlive it.
  void observe(InputStatistics* statistics) { statistics_ = statistics; }

  std::size_t inputs() const { return inputs_; }
  std::size_t outputs() const { return outputs_; }  // of one part
  std::size_t parts() const { return parts_; }
  ActivationForm form() const { return format_.form; }
  std::size_t size_bytes() const { return tiles_.size(); }

 private:
  friend class Multiplication;
  friend void multiply(const Activations& x, std::span<const Product> products,
                       ThreadPool& threads);
  void note_inputs(const Activations& x, const Product& product) const;

  std::size_t inputs_ = 0;
  std::size_t outputs_ = 0;
  std::size_t parts_ = 0;
  TileFormat format_;
  std::size_t tile_bytes_ = 0;
  AlignedBuffer tiles_;
  InputStatistics* statistics_ = nullptr;
};

// Some of the rows of activations.
struct RowRange {
  std::size_t begin = 0;
  std::size_t count = std::numeric_limits<std::size_t>::max();  // as many as there are
};

// One of several products of the same activations.
struct Product {
  const Matrix* matrix = nullptr;
  std::span<const float> bias = {};  // empty: none
  float* out = nullptr;              // rows x stride
  std::size_t stride = 0;
  bool add = false;  // to what is in `out`
  std::size_t part = 0;
  RowRange rows = {};
};

// Every number depends on its own row of activations and its own row of weights alone: neither on
// the other rows nor on the number of threads.
void multiply(const Activations& x, std::span<const Product> products, ThreadPool& threads);

}  // namespace wenyuan::compute
