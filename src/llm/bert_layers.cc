#include "llm/bert_layers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "compute/attention.h"

namespace wenyuan::llm {
namespace {

// Tokens that go through the layers together; a longer text goes alone.
constexpr std::size_t kTokensPerPass = 512;

template <class T>
void grow(std::vector<T>& values, std::size_t size) {
  if (values.size() < size) values.resize(size);
}

}  // namespace

BertLayers::BertLayers(std::shared_ptr<const Gguf> file, BertWeights weights,
                       compute::ThreadPool& threads, const LoadOptions& options)
    : file_(std::move(file)),
      weights_(std::move(weights)),
      threads_(threads),
      kernels_(*options.kernels),
      activations_(*options.kernels) {}

Status BertLayers::check(const BertInput& input) const {
  if (input.tokens.empty()) return Error{ErrorCode::invalid_argument, "a text without tokens"};
  if (input.tokens.size() > weights_.shape.context) {
    return Error{ErrorCode::too_large, "a text of " + std::to_string(input.tokens.size()) +
                                           " tokens is longer than the model's " +
                                           std::to_string(weights_.shape.context)};
  }
  for (const TokenId token : input.tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= weights_.tokens.size()) {
      return Error{ErrorCode::invalid_argument,
                   "token " + std::to_string(token) + " is not in the vocabulary"};
    }
  }
  return Done{};
}

std::size_t BertLayers::batch_size(std::span<const BertInput> inputs) {
  std::size_t count = 0;
  std::size_t tokens = 0;
  while (count < inputs.size() &&
         (count == 0 || tokens + inputs[count].tokens.size() <= kTokensPerPass)) {
    tokens += inputs[count++].tokens.size();
  }
  return count;
}

void BertLayers::make_room(std::span<const BertInput> inputs) {
  rows_.clear();
  row_count_ = 0;
  std::size_t longest = 0;
  for (const BertInput& input : inputs) {
    rows_.push_back({row_count_, input.tokens.size()});
    row_count_ += input.tokens.size();
    longest = std::max(longest, input.tokens.size());
  }
  const BertShape& shape = weights_.shape;
  for (auto* values : {&hidden_, &queries_, &keys_, &values_, &attended_}) {
    grow(*values, row_count_ * shape.width);
  }
  grow(inner_, row_count_ * shape.inner_width);
  if (weights_.layers.front().gate) grow(gates_, row_count_ * shape.inner_width);
  if (weights_.rotation.size() > 0 && longest > positions_prepared_) {
    weights_.rotation.prepare(0, longest);
    positions_prepared_ = longest;
  }
}

void BertLayers::run(std::span<const BertInput> inputs) {
  make_room(inputs);
  embed(inputs);
  const BertNorm* norm = &weights_.embedding_norm;
  for (const BertLayer& layer : weights_.layers) {
    run_layer(layer, *norm);
    norm = &layer.output_norm;
  }
}

void BertLayers::read_state(std::size_t row, float* out) const {
  const std::size_t width = weights_.shape.width;
  const BertNorm& norm = weights_.layers.back().output_norm;
  kernels_.rows.layer_norm(hidden_.data() + row * width, norm.weight.data(), norm.bias.data(),
                           width, weights_.shape.epsilon, out);
}

void BertLayers::embed(std::span<const BertInput> inputs) {
  const std::size_t width = weights_.shape.width;
  const bool has_positions = weights_.positions.size() > 0;
  const float* const first_type = weights_.token_types.data();
  // A model with one type of token does not tell two texts apart.
  const float* const second_type =
      weights_.token_types.size() > width ? first_type + width : first_type;
  std::vector<float> position(width);
  float* out = hidden_.data();
  for (const BertInput& input : inputs) {
    const std::size_t second = input.second == 0 ? input.tokens.size() : input.second;
    for (std::size_t at = 0; at < input.tokens.size(); ++at, out += width) {
      weights_.tokens.read(static_cast<std::size_t>(input.tokens[at]), out);
      if (has_positions) weights_.positions.read(at, position.data());
      const float* type = at < second ? first_type : second_type;
      for (std::size_t i = 0; i < width; ++i) out[i] += position[i] + type[i];
    }
  }
}

// Every part ends with a normalisation of its sum, which is done where the next part reads it.
void BertLayers::normalise_and_fill(const BertNorm& norm, compute::ActivationForms forms) {
  const std::size_t width = weights_.shape.width;
  activations_.fill(row_count_, width, forms, threads_, [&](std::size_t row, float* out) {
    float* own = hidden_.data() + row * width;
    kernels_.rows.layer_norm(own, norm.weight.data(), norm.bias.data(), width,
                             weights_.shape.epsilon, out);
    std::copy_n(out, width, own);
  });
}

void BertLayers::add_product(const BertLinear& linear) {
  const compute::Product product{.matrix = &linear.weight,
                                 .bias = linear.bias,
                                 .out = hidden_.data(),
                                 .stride = weights_.shape.width,
                                 .add = true};
  compute::multiply(activations_, {&product, 1}, threads_);
}

void BertLayers::run_layer(const BertLayer& layer, const BertNorm& norm_before) {
  const std::size_t width = weights_.shape.width;
  const BertProjections& projections = layer.projections;
  normalise_and_fill(norm_before, projections.forms());
  const std::array<compute::Product, 3> products = {
      projections.product(0, queries_.data(), width),
      projections.product(1, keys_.data(), width),
      projections.product(2, values_.data(), width),
  };
  compute::multiply(activations_, products, threads_);
  if (weights_.rotation.size() > 0) turn();
  const std::size_t heads = weights_.shape.heads;
  threads_.parallel_for(rows_.size() * heads,
                        [&](std::size_t piece) { attend(rows_[piece / heads], piece % heads); });
  activations_.fill(row_count_, width, layer.attention_output.weight.form(), threads_,
                    [&](std::size_t row, float* out) {
                      std::copy_n(attended_.data() + row * width, width, out);
                    });
  add_product(layer.attention_output);
  feed_forward(layer);
}

void BertLayers::feed_forward(const BertLayer& layer) {
  const std::size_t inner = weights_.shape.inner_width;
  compute::ActivationForms forms = layer.up.weight.form();
  if (layer.gate) forms.add(layer.gate->weight.form());
  normalise_and_fill(layer.attention_norm, forms);
  std::vector<compute::Product> products;
  const auto add = [&](const BertLinear& linear, std::vector<float>& out) {
    products.push_back(
        {.matrix = &linear.weight, .bias = linear.bias, .out = out.data(), .stride = inner});
  };
  add(layer.up, inner_);
  if (layer.gate) add(*layer.gate, gates_);
  compute::multiply(activations_, products, threads_);
  activations_.fill(row_count_, inner, layer.down.weight.form(), threads_,
                    [&](std::size_t row, float* out) {
                      const float* up = inner_.data() + row * inner;
                      if (layer.gate) {
                        kernels_.rows.swiglu(gates_.data() + row * inner, up, inner, out);
                      } else {
                        std::copy_n(up, inner, out);
                        kernels_.rows.gelu(out, inner);
                      }
                    });
  add_product(layer.down);
}

// Queries and keys, each to the place of its token.
void BertLayers::turn() {
  const BertShape& shape = weights_.shape;
  threads_.parallel_for(rows_.size() * shape.heads, [&](std::size_t piece) {
    const Rows& text = rows_[piece / shape.heads];
    const std::size_t head = piece % shape.heads * shape.head_size;
    for (std::size_t at = 0; at < text.count; ++at) {
      const std::size_t place = (text.begin + at) * shape.width + head;
      weights_.rotation.turn(queries_.data() + place, at, kernels_);
      weights_.rotation.turn(keys_.data() + place, at, kernels_);
    }
  });
}

// One head of one text: every token sees every other.
void BertLayers::attend(const Rows& text, std::size_t head) {
  const std::size_t width = weights_.shape.width;
  const std::size_t size = weights_.shape.head_size;
  const std::size_t first = text.begin * width + head * size;
  const std::size_t block_count =
      (text.count + compute::kKeysPerBlock - 1) / compute::kKeysPerBlock;
  std::vector<float> keys(block_count * compute::kKeysPerBlock * size);
  std::vector<compute::KeyValueBlock> blocks;
  for (std::size_t at = 0; at < text.count; at += compute::kKeysPerBlock) {
    float* block = keys.data() + at * size;
    const std::size_t count = std::min(compute::kKeysPerBlock, text.count - at);
    for (std::size_t i = 0; i < count; ++i) {
      compute::store_key(keys_.data() + first + (at + i) * width, size, i, block);
    }
    blocks.push_back({.keys = block,
                      .values = values_.data() + first + at * width,
                      .value_stride = width,
                      .count = count});
  }
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  alignas(64) std::array<float, compute::kQueriesMax * compute::kHeadSizeMax> queries;
  alignas(64) std::array<float, compute::kQueriesMax * compute::kHeadSizeMax> out;
  std::array<compute::KeyRange, compute::kQueriesMax> visible;
  visible.fill({0, text.count});
  for (std::size_t at = 0; at < text.count; at += compute::kQueriesMax) {
    const std::size_t count = std::min(compute::kQueriesMax, text.count - at);
    for (std::size_t i = 0; i < count; ++i) {
      const float* query = queries_.data() + first + (at + i) * width;
      for (std::size_t k = 0; k < size; ++k) queries[i * size + k] = query[k] * scale;
    }
    compute::attend({.queries = queries.data(),
                     .visible = {visible.data(), count},
                     .blocks = blocks,
                     .key_size = size,
                     .value_size = size,
                     .type = compute::KeyValueType::f32,
                     .out = out.data()},
                    kernels_);
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(out.data() + i * size, size, attended_.data() + first + (at + i) * width);
    }
  }
}

}  // namespace wenyuan::llm
