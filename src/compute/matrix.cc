#include "compute/matrix.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kRowsPerPiece = 128;
constexpr std::size_t kTilesPerPack = 16;
// Rows that meet one tile after the other: they and the lines that they write stay in the cache.
constexpr std::size_t kRowsPerVisit = 32;

// Of one part.
std::size_t tile_count(const Matrix& matrix) {
  return (matrix.outputs() + kTileRows - 1) / kTileRows;
}

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// Exact: decodes up to 16 rows to floats, which are then packed like F32.
void pack_exactly(WeightType type, const std::uint8_t* weights, std::size_t rows,
                  std::size_t inputs, std::uint8_t* out) {
  std::vector<float> scratch(rows * inputs);
  dequantize(type, weights, scratch);
  pack_tile(WeightType::f32, reinterpret_cast<const std::uint8_t*>(scratch.data()), rows, inputs,
            out);
}

}  // namespace

Result<Matrix> Matrix::create(WeightType type, std::size_t inputs, std::size_t outputs,
                              std::span<const std::uint8_t> weights, const MatrixOptions& options) {
  return create_stack(type, inputs, outputs, 1, weights, options);
}

Result<Matrix> Matrix::create_stack(WeightType type, std::size_t inputs, std::size_t outputs,
                                    std::size_t parts, std::span<const std::uint8_t> weights,
                                    const MatrixOptions& options) {
  const WeightBlock block = weight_block(type);
  std::size_t rows = 0;
  if (inputs == 0 || inputs % block.elements != 0 ||
      __builtin_mul_overflow(outputs, parts, &rows) || rows == 0 ||
      weights.size() / rows != row_bytes(type, inputs) || weights.size() % rows != 0) {
    return Error{ErrorCode::invalid_argument,
                 std::to_string(parts) + " matrices of " + std::to_string(inputs) + " inputs and " +
                     std::to_string(outputs) + " outputs do not fit into " +
                     std::to_string(weights.size()) + " bytes"};
  }
  const bool exact = options.precision == Precision::exact;
  Matrix matrix;
  matrix.inputs_ = inputs;
  matrix.outputs_ = outputs;
  matrix.parts_ = parts;
  matrix.format_ = tile_format(exact ? WeightType::f32 : type);
  matrix.tile_bytes_ = inputs / matrix.format_.step * matrix.format_.step_bytes;
  const std::size_t tiles = tile_count(matrix);
  matrix.tiles_ = AlignedBuffer(parts * tiles * matrix.tile_bytes_);
  if (matrix.tiles_.data() == nullptr) {
    return Error{ErrorCode::unavailable, "not enough memory for a matrix of " +
                                             std::to_string(parts * tiles * matrix.tile_bytes_) +
                                             " bytes"};
  }
  const auto pack = [&](std::size_t tile) {
    const std::size_t row = tile / tiles * outputs + tile % tiles * kTileRows;
    const std::size_t count = std::min(kTileRows, outputs - tile % tiles * kTileRows);
    const std::uint8_t* from = weights.data() + row * row_bytes(type, inputs);
    std::uint8_t* to = matrix.tiles_.data() + tile * matrix.tile_bytes_;
    if (exact) {
      pack_exactly(type, from, count, inputs, to);
    } else {
      pack_tile(type, from, count, inputs, to);
    }
  };
  const std::size_t pieces = divide_up(parts * tiles, kTilesPerPack);
  const auto pack_some = [&](std::size_t piece) {
    const std::size_t end = std::min(parts * tiles, (piece + 1) * kTilesPerPack);
    for (std::size_t tile = piece * kTilesPerPack; tile < end; ++tile) pack(tile);
  };
  if (options.threads != nullptr) {
    options.threads->parallel_for(pieces, pack_some);
  } else {
    for (std::size_t piece = 0; piece < pieces; ++piece) pack_some(piece);
  }
  return matrix;
}

void Matrix::note_inputs(const Activations& x, const Product& product) const {
  if (statistics_ == nullptr) return;
  const std::size_t end = std::min(x.rows(), product.rows.begin + product.rows.count);
  for (std::size_t row = product.rows.begin; row < end; ++row) {
    statistics_->add(product.part, {x.floats(row), inputs_});
  }
}

// The pieces of work of one multiply(): some tiles of one product for some rows.
class Multiplication {
 public:
  Multiplication(const Activations& x, std::span<const Product> products, std::size_t threads)
      : x_(x), products_(products) {
    std::size_t tiles = 0;
    for (const Product& product : products) {
      WY_ASSERT(product.matrix->inputs() == x.inputs());
      WY_ASSERT(product.part < product.matrix->parts());
      WY_ASSERT(product.bias.empty() || product.bias.size() == product.matrix->outputs());
      tiles += tile_count(*product.matrix);
    }
    // Several pieces for each thread, so that a thread that lost its core delays the others little.
    tiles_per_piece_ = std::clamp<std::size_t>(tiles / (8 * threads), 1, 64);
    ends_.reserve(products.size());
    std::size_t end = 0;
    for (const Product& product : products) {
      end += tile_blocks(product) * divide_up(rows_of(product), kRowsPerPiece);
      ends_.push_back(end);
    }
  }

  std::size_t piece_count() const { return ends_.empty() ? 0 : ends_.back(); }

  void run(std::size_t piece) const {
    const auto found = std::upper_bound(ends_.begin(), ends_.end(), piece);
    const auto at = static_cast<std::size_t>(found - ends_.begin());
    const Product& product = products_[at];
    if (at != 0) piece -= ends_[at - 1];
    const std::size_t blocks = tile_blocks(product);
    const std::size_t begin = piece % blocks * tiles_per_piece_;
    const std::size_t end = std::min(tile_count(*product.matrix), begin + tiles_per_piece_);
    const std::size_t row = piece / blocks * kRowsPerPiece;
    const std::size_t row_end = std::min(row + kRowsPerPiece, rows_of(product));
    for (std::size_t m = row; m < row_end; m += kRowsPerVisit) {
      for (std::size_t tile = begin; tile < end; ++tile) {
        run_tile(product, tile, m, std::min(kRowsPerVisit, row_end - m));
      }
    }
  }

 private:
  std::size_t rows_of(const Product& product) const {
    return std::min(product.rows.count, x_.rows() - product.rows.begin);
  }
  std::size_t tile_blocks(const Product& product) const {
    return divide_up(tile_count(*product.matrix), tiles_per_piece_);
  }

  // `row` counts from the product's first one.
  void run_tile(const Product& product, std::size_t tile, std::size_t row, std::size_t rows) const {
    const Matrix& matrix = *product.matrix;
    const TileFormat& format = matrix.format_;
    const std::uint8_t* weights =
        matrix.tiles_.data() + (product.part * tile_count(matrix) + tile) * matrix.tile_bytes_;
    const std::size_t own = product.rows.begin + row;
    alignas(64) std::array<float, kRowsPerVisit * kTileRows> sums;
    if (format.quant != nullptr) {
      QuantTile call{};
      x_.point(call, own, format.form);
      call.weights = weights;
      call.rows = rows;
      call.out = sums.data();
      (x_.kernels().tiles.*format.quant)(call);
    } else {
      (x_.kernels().tiles.*format.dense)({.weights = weights,
                                          .stride = kTileRows,
                                          .tiles = 1,
                                          .tile_stride = 0,
                                          .inputs = matrix.inputs(),
                                          .x = x_.floats(own),
                                          .x_stride = matrix.inputs(),
                                          .rows = rows,
                                          .out = sums.data(),
                                          .out_stride = kTileRows,
                                          .add = false});
    }
    store(product, tile * kTileRows, row, rows, sums.data());
  }

  static void store(const Product& product, std::size_t column, std::size_t row, std::size_t rows,
                    const float* sums) {
    const std::size_t count = std::min(kTileRows, product.matrix->outputs() - column);
    std::array<float, kTileRows> bias{};
    if (!product.bias.empty()) std::copy_n(product.bias.data() + column, count, bias.data());
    for (std::size_t m = 0; m < rows; ++m, sums += kTileRows) {
      float* out = product.out + (row + m) * product.stride + column;
      std::array<float, kTileRows> own;
      for (std::size_t i = 0; i < kTileRows; ++i) own[i] = sums[i] + bias[i];
      if (count < kTileRows) {
        for (std::size_t i = 0; i < count; ++i) out[i] = product.add ? out[i] + own[i] : own[i];
      } else if (product.add) {
        for (std::size_t i = 0; i < kTileRows; ++i) out[i] += own[i];
      } else {
        std::copy_n(own.data(), kTileRows, out);
      }
    }
  }

  const Activations& x_;
  const std::span<const Product> products_;
  std::size_t tiles_per_piece_ = 1;
  std::vector<std::size_t> ends_;  // of each product's pieces
};

void multiply(const Activations& x, std::span<const Product> products, ThreadPool& threads) {
  for (const Product& product : products) product.matrix->note_inputs(x, product);
  const Multiplication work(x, products, threads.thread_count());
  threads.parallel_for(work.piece_count(), [&work](std::size_t piece) { work.run(piece); });
}

}  // namespace wenyuan::compute
