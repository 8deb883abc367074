#include "llm/bert.h"

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

BertEncoder::BertEncoder(std::shared_ptr<const Gguf> file, BertWeights weights,
                         compute::ThreadPool& threads, const LoadOptions& options)
    : file_(std::move(file)),
      weights_(std::move(weights)),
      threads_(threads),
      kernels_(*options.kernels),
      activations_(*options.kernels) {}

Result<std::unique_ptr<Encoder>> BertEncoder::load(std::shared_ptr<const Gguf> file,
                                                   compute::ThreadPool& threads,
                                                   const LoadOptions& options) {
  WY_TRY(BertWeights weights, load_bert(*file, options));
  return std::unique_ptr<Encoder>(
      std::make_unique<BertEncoder>(std::move(file), std::move(weights), threads, options));
}

Status BertEncoder::check(const std::vector<TokenId>& text) const {
  if (text.empty()) return Error{ErrorCode::invalid_argument, "a text without tokens"};
  if (text.size() > weights_.shape.context) {
    return Error{ErrorCode::too_large, "a text of " + std::to_string(text.size()) +
                                           " tokens is longer than the model's " +
                                           std::to_string(weights_.shape.context)};
  }
  for (const TokenId token : text) {
    if (token < 0 || static_cast<std::size_t>(token) >= weights_.tokens.size()) {
      return Error{ErrorCode::invalid_argument,
                   "token " + std::to_string(token) + " is not in the vocabulary"};
    }
  }
  return Done{};
}

Result<std::vector<std::vector<float>>> BertEncoder::encode(
    std::span<const std::vector<TokenId>> texts) {
  for (const auto& text : texts) WY_RETURN_IF_ERROR(check(text));
  std::vector<std::vector<float>> vectors;
  for (std::size_t begin = 0; begin < texts.size();) {
    std::size_t end = begin;
    std::size_t tokens = 0;
    while (end < texts.size() && (end == begin || tokens + texts[end].size() <= kTokensPerPass)) {
      tokens += texts[end++].size();
    }
    encode_packed(texts.subspan(begin, end - begin), vectors);
    begin = end;
  }
  return vectors;
}

void BertEncoder::encode_packed(std::span<const std::vector<TokenId>> texts,
                                std::vector<std::vector<float>>& vectors) {
  rows_.clear();
  row_count_ = 0;
  for (const auto& text : texts) {
    rows_.push_back({row_count_, text.size()});
    row_count_ += text.size();
  }
  const std::size_t width = weights_.shape.width;
  for (auto* values : {&hidden_, &queries_, &keys_, &values_, &attended_}) {
    grow(*values, row_count_ * width);
  }
  grow(inner_, row_count_ * weights_.shape.inner_width);
  embed(texts);
  const BertNorm* norm = &weights_.embedding_norm;
  for (const BertLayer& layer : weights_.layers) {
    run_layer(layer, *norm);
    norm = &layer.output_norm;
  }
  for (const Rows& text : rows_) vectors.push_back(pool(text, *norm));
}

void BertEncoder::embed(std::span<const std::vector<TokenId>> texts) {
  const std::size_t width = weights_.shape.width;
  std::vector<float> position(width);
  float* out = hidden_.data();
  for (const auto& text : texts) {
    for (std::size_t at = 0; at < text.size(); ++at, out += width) {
      weights_.tokens.read(static_cast<std::size_t>(text[at]), out);
      weights_.positions.read(at, position.data());
      for (std::size_t i = 0; i < width; ++i) out[i] += position[i] + weights_.token_type[i];
    }
  }
}

// Every part ends with a normalisation of its sum, which is done where the next part reads it.
void BertEncoder::normalise_and_fill(const BertNorm& norm, compute::ActivationForms forms) {
  const std::size_t width = weights_.shape.width;
  activations_.fill(row_count_, width, forms, threads_, [&](std::size_t row, float* out) {
    float* own = hidden_.data() + row * width;
    kernels_.rows.layer_norm(own, norm.weight.data(), norm.bias.data(), width,
                             weights_.shape.epsilon, out);
    std::copy_n(out, width, own);
  });
}

void BertEncoder::add_product(const BertLinear& linear) {
  const compute::Product product{.matrix = &linear.weight,
                                 .bias = linear.bias,
                                 .out = hidden_.data(),
                                 .stride = weights_.shape.width,
                                 .add = true};
  compute::multiply(activations_, {&product, 1}, threads_);
}

void BertEncoder::run_layer(const BertLayer& layer, const BertNorm& norm_before) {
  const std::size_t width = weights_.shape.width;
  const std::size_t inner = weights_.shape.inner_width;
  compute::ActivationForms forms = layer.query.weight.form();
  forms.add(layer.key.weight.form());
  forms.add(layer.value.weight.form());
  normalise_and_fill(norm_before, forms);
  const std::array<compute::Product, 3> products = {{
      {&layer.query.weight, layer.query.bias, queries_.data(), width, false},
      {&layer.key.weight, layer.key.bias, keys_.data(), width, false},
      {&layer.value.weight, layer.value.bias, values_.data(), width, false},
  }};
  compute::multiply(activations_, products, threads_);
  const std::size_t heads = weights_.shape.heads;
  threads_.parallel_for(rows_.size() * heads,
                        [&](std::size_t piece) { attend(rows_[piece / heads], piece % heads); });
  activations_.fill(row_count_, width, layer.attention_output.weight.form(), threads_,
                    [&](std::size_t row, float* out) {
                      std::copy_n(attended_.data() + row * width, width, out);
                    });
  add_product(layer.attention_output);
  normalise_and_fill(layer.attention_norm, layer.up.weight.form());
  const compute::Product up{
      .matrix = &layer.up.weight, .bias = layer.up.bias, .out = inner_.data(), .stride = inner};
  compute::multiply(activations_, {&up, 1}, threads_);
  activations_.fill(row_count_, inner, layer.down.weight.form(), threads_,
                    [&](std::size_t row, float* out) {
                      std::copy_n(inner_.data() + row * inner, inner, out);
                      kernels_.rows.gelu(out, inner);
                    });
  add_product(layer.down);
}

// One head of one text: every token sees every other.
void BertEncoder::attend(const Rows& text, std::size_t head) {
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

std::vector<float> BertEncoder::pool(const Rows& text, const BertNorm& norm) const {
  const std::size_t width = weights_.shape.width;
  const std::size_t count = weights_.shape.pooling == Pooling::mean ? text.count : 1;
  std::vector<double> sums(width);
  std::vector<float> own(width);
  for (std::size_t row = text.begin; row < text.begin + count; ++row) {
    kernels_.rows.layer_norm(hidden_.data() + row * width, norm.weight.data(), norm.bias.data(),
                             width, weights_.shape.epsilon, own.data());
    for (std::size_t i = 0; i < width; ++i) sums[i] += double{own[i]};
  }
  double squares = 0;
  for (const double sum : sums) squares += sum * sum;
  const double inverse = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
  for (std::size_t i = 0; i < width; ++i) own[i] = static_cast<float>(sums[i] * inverse);
  return own;
}

}  // namespace wenyuan::llm
