#include "llm/llama.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/assert.h"

namespace wenyuan::llm {
namespace {

// Tokens of a prompt that go through the layers together: enough for the kernels, few enough that
// their states stay in the cache.
constexpr std::size_t kTokensPerPass = 256;
constexpr std::size_t kRowsPerPiece = 8;

class LlamaSequence final : public Sequence {
 public:
  LlamaSequence(const KeyValueShape& shape, std::size_t tokens_max)
      : cache_(shape), tokens_max_(tokens_max) {}

  std::size_t size() const override { return size_; }
  void truncate(std::size_t size) override {
    size_ = std::min(size_, size);
    cache_.shrink(size_);
  }

  std::size_t tokens_max() const { return tokens_max_; }
  KeyValueCache& cache() { return cache_; }
  void grow(std::size_t by) { size_ += by; }

 private:
  KeyValueCache cache_;
  std::size_t tokens_max_;
  std::size_t size_ = 0;
};

// Queries of how many tokens to take against the keys at once, given the query heads of a key head.
std::size_t tokens_per_block(std::size_t group) {
  const std::size_t most = compute::kQueriesMax / group;
  return most >= 8 ? most / 8 * 8 : most;
}

}  // namespace

LlamaDecoder::LlamaDecoder(std::shared_ptr<const Gguf> file, LlamaWeights weights,
                           compute::ThreadPool& threads, const LoadOptions& options)
    : file_(std::move(file)),
      weights_(std::move(weights)),
      threads_(threads),
      kernels_(*options.kernels),
      activations_(*options.kernels) {
  const LlamaShape& shape = weights_.shape;
  hidden_.resize(kTokensPerPass * shape.width);
  queries_.resize(kTokensPerPass * shape.heads * shape.head_size);
  keys_.resize(kTokensPerPass * shape.key_heads * shape.head_size);
  values_.resize(kTokensPerPass * shape.key_heads * shape.head_size);
  attended_.resize(kTokensPerPass * shape.heads * shape.head_size);
  gates_.resize(kTokensPerPass * shape.inner_width);
  ups_.resize(kTokensPerPass * shape.inner_width);
  cosines_.resize(kTokensPerPass * shape.rotated);
  sines_.resize(kTokensPerPass * shape.rotated);
  logits_.resize(weights_.output.outputs());
}

Result<std::unique_ptr<Decoder>> LlamaDecoder::load(std::shared_ptr<const Gguf> file,
                                                    compute::ThreadPool& threads,
                                                    const LoadOptions& options) {
  WY_TRY(LlamaWeights weights, load_llama(*file, options));
  return std::unique_ptr<Decoder>(
      std::make_unique<LlamaDecoder>(std::move(file), std::move(weights), threads, options));
}

Result<std::unique_ptr<Sequence>> LlamaDecoder::new_sequence(std::size_t tokens_max) {
  const LlamaShape& shape = weights_.shape;
  if (tokens_max == 0 || tokens_max > shape.context) {
    return Error{ErrorCode::too_large, "a sequence may have 1 to " + std::to_string(shape.context) +
                                           " tokens, not " + std::to_string(tokens_max)};
  }
  const KeyValueShape cache{shape.layers, shape.key_heads, shape.head_size};
  return std::unique_ptr<Sequence>(std::make_unique<LlamaSequence>(cache, tokens_max));
}

Result<std::span<const float>> LlamaDecoder::append(Sequence& sequence,
                                                    std::span<const TokenId> tokens) {
  auto& own = static_cast<LlamaSequence&>(sequence);
  if (tokens.empty()) return Error{ErrorCode::invalid_argument, "no tokens to append"};
  if (tokens.size() > own.tokens_max() - own.size()) {
    return Error{ErrorCode::too_large, "a sequence of at most " + std::to_string(own.tokens_max()) +
                                           " tokens has no room for " +
                                           std::to_string(own.size() + tokens.size())};
  }
  for (const TokenId token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= weights_.embeddings.size()) {
      return Error{ErrorCode::invalid_argument,
                   "token " + std::to_string(token) + " is not in the vocabulary"};
    }
  }
  own.cache().reserve(own.size() + tokens.size());
  while (!tokens.empty()) {
    const auto part = tokens.first(std::min(tokens.size(), kTokensPerPass));
    tokens = tokens.subspan(part.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      weights_.embeddings.read(static_cast<std::size_t>(part[i]),
                               hidden_.data() + i * weights_.shape.width);
    }
    run_layers(Pass{&own.cache(), own.size(), part.size()}, tokens.empty());
    own.grow(part.size());
  }
  return compute_logits();
}

// Behind the keys of the last layer only the sequence's last token is of interest, if any is.
void LlamaDecoder::run_layers(const Pass& pass, bool is_last) {
  prepare_rotations(pass);
  for (std::size_t i = 0; i < weights_.layers.size(); ++i) {
    const LlamaLayer& layer = weights_.layers[i];
    project(layer, pass);
    rotate_and_store(i, pass);
    Pass rest = pass;
    if (i + 1 == weights_.layers.size()) {
      if (!is_last) return;
      keep_last_row(pass);
      rest = Pass{pass.cache, pass.begin + pass.count - 1, 1};
    }
    attend(i, rest);
    const std::size_t width = weights_.shape.heads * weights_.shape.head_size;
    activations_.fill(rest.count, width, layer.attention_output.form(), threads_,
                      [&](std::size_t row, float* out) {
                        std::copy_n(attended_.data() + row * width, width, out);
                      });
    const compute::Product product{.matrix = &layer.attention_output,
                                   .out = hidden_.data(),
                                   .stride = weights_.shape.width,
                                   .add = true};
    compute::multiply(activations_, {&product, 1}, threads_);
    run_inner(layer, rest.count);
  }
}

void LlamaDecoder::prepare_rotations(const Pass& pass) {
  const std::size_t rotated = weights_.shape.rotated;
  for (std::size_t row = 0; row < pass.count; ++row) {
    for (std::size_t i = 0; i < rotated; ++i) {
      const double angle = static_cast<double>(pass.begin + row) * weights_.frequencies[i / 2];
      cosines_[row * rotated + i] = static_cast<float>(std::cos(angle));
      sines_[row * rotated + i] =
          static_cast<float>(i % 2 == 0 ? -std::sin(angle) : std::sin(angle));
    }
  }
}

void LlamaDecoder::fill_normed(const std::vector<float>& norm, std::size_t rows,
                               compute::ActivationForms forms) {
  const std::size_t width = weights_.shape.width;
  activations_.fill(rows, width, forms, threads_, [&](std::size_t row, float* out) {
    kernels_.rows.rms_norm(hidden_.data() + row * width, norm.data(), width, weights_.shape.epsilon,
                           out);
  });
}

void LlamaDecoder::project(const LlamaLayer& layer, const Pass& pass) {
  compute::ActivationForms forms = layer.query.form();
  forms.add(layer.key.form());
  forms.add(layer.value.form());
  fill_normed(layer.attention_norm, pass.count, forms);
  const std::size_t query_width = weights_.shape.heads * weights_.shape.head_size;
  const std::size_t key_width = weights_.shape.key_heads * weights_.shape.head_size;
  const std::array<compute::Product, 3> products = {{
      {&layer.query, layer.query_bias, queries_.data(), query_width, false},
      {&layer.key, layer.key_bias, keys_.data(), key_width, false},
      {&layer.value, layer.value_bias, values_.data(), key_width, false},
  }};
  compute::multiply(activations_, products, threads_);
}

void LlamaDecoder::rotate_and_store(std::size_t layer, const Pass& pass) {
  const LlamaShape& shape = weights_.shape;
  const auto rotate = [&](float* head, std::size_t row) {
    kernels_.rows.rotate_pairs(head, cosines_.data() + row * shape.rotated,
                               sines_.data() + row * shape.rotated, shape.rotated);
  };
  const std::size_t pieces = (pass.count + kRowsPerPiece - 1) / kRowsPerPiece;
  threads_.parallel_for(pieces, [&](std::size_t piece) {
    const std::size_t end = std::min(pass.count, (piece + 1) * kRowsPerPiece);
    for (std::size_t row = piece * kRowsPerPiece; row < end; ++row) {
      float* queries = queries_.data() + row * shape.heads * shape.head_size;
      float* keys = keys_.data() + row * shape.key_heads * shape.head_size;
      for (std::size_t i = 0; i < shape.heads; ++i) rotate(queries + i * shape.head_size, row);
      for (std::size_t i = 0; i < shape.key_heads; ++i) rotate(keys + i * shape.head_size, row);
      pass.cache->store(layer, pass.begin + row, keys,
                        values_.data() + row * shape.key_heads * shape.head_size, kernels_);
    }
  });
}

void LlamaDecoder::keep_last_row(const Pass& pass) {
  const auto keep = [&](std::vector<float>& values, std::size_t width) {
    std::copy_n(values.data() + (pass.count - 1) * width, width, values.data());
  };
  if (pass.count == 1) return;
  keep(hidden_, weights_.shape.width);
  keep(queries_, weights_.shape.heads * weights_.shape.head_size);
}

void LlamaDecoder::attend(std::size_t layer, const Pass& pass) {
  const LlamaShape& shape = weights_.shape;
  const std::size_t block = tokens_per_block(shape.heads / shape.key_heads);
  const std::size_t blocks = (pass.count + block - 1) / block;
  threads_.parallel_for(blocks * shape.key_heads, [&](std::size_t piece) {
    const std::size_t row = piece / shape.key_heads * block;
    attend_some(layer, piece % shape.key_heads, row, std::min(block, pass.count - row), pass);
  });
}

// All query heads of one key head, for some tokens.
void LlamaDecoder::attend_some(std::size_t layer, std::size_t head, std::size_t row,
                               std::size_t rows, const Pass& pass) {
  const LlamaShape& shape = weights_.shape;
  const std::size_t group = shape.heads / shape.key_heads;
  const std::size_t size = shape.head_size;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  alignas(64) std::array<float, compute::kQueriesMax * compute::kHeadSizeMax> queries;
  alignas(64) std::array<float, compute::kQueriesMax * compute::kHeadSizeMax> out;
  std::array<std::size_t, compute::kQueriesMax> visible;
  const auto place = [&](std::size_t i) {
    return ((row + i / group) * shape.heads + head * group + i % group) * size;
  };
  for (std::size_t i = 0; i < rows * group; ++i) {
    visible[i] = pass.begin + row + i / group + 1;
    const float* query = queries_.data() + place(i);
    for (std::size_t k = 0; k < size; ++k) queries[i * size + k] = query[k] * scale;
  }
  const auto blocks = pass.cache->blocks(layer, head, pass.begin + row + rows);
  compute::attend({.queries = queries.data(),
                   .visible = {visible.data(), rows * group},
                   .blocks = blocks,
                   .head_size = size,
                   .type = compute::KeyValueType::f16,
                   .out = out.data()},
                  kernels_);
  for (std::size_t i = 0; i < rows * group; ++i) {
    std::copy_n(out.data() + i * size, size, attended_.data() + place(i));
  }
}

void LlamaDecoder::run_inner(const LlamaLayer& layer, std::size_t rows) {
  const std::size_t inner = weights_.shape.inner_width;
  compute::ActivationForms forms = layer.gate.form();
  forms.add(layer.up.form());
  fill_normed(layer.inner_norm, rows, forms);
  const std::array<compute::Product, 2> products = {{
      {&layer.gate, {}, gates_.data(), inner, false},
      {&layer.up, {}, ups_.data(), inner, false},
  }};
  compute::multiply(activations_, products, threads_);
  activations_.fill(rows, inner, layer.down.form(), threads_, [&](std::size_t row, float* out) {
    kernels_.rows.swiglu(gates_.data() + row * inner, ups_.data() + row * inner, inner, out);
  });
  const compute::Product product{
      .matrix = &layer.down, .out = hidden_.data(), .stride = weights_.shape.width, .add = true};
  compute::multiply(activations_, {&product, 1}, threads_);
}

std::span<const float> LlamaDecoder::compute_logits() {
  fill_normed(weights_.output_norm, 1, weights_.output.form());
  const compute::Product product{
      .matrix = &weights_.output, .out = logits_.data(), .stride = logits_.size()};
  compute::multiply(activations_, {&product, 1}, threads_);
  return logits_;
}

}  // namespace wenyuan::llm
