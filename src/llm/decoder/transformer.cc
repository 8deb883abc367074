#include "llm/decoder/transformer.h"

#include <algorithm>
#include <cmath>

namespace wenyuan::llm {
namespace {

// Tokens of a prompt that go through the layers together: enough for the kernels and for every
// expert to get some.
constexpr std::size_t kTokensPerPass = 512;

class TransformerSequence final : public Sequence {
 public:
  explicit TransformerSequence(std::size_t size_max) : size_max_(size_max) {}

  std::size_t size() const override { return size_; }
  std::size_t truncate(std::size_t size) override {
    if (size >= size_) return size_;
    const bool is_possible = std::all_of(
        caches.begin(), caches.end(), [&](const auto& cache) { return cache->can_shrink(size); });
    size_ = is_possible ? size : 0;
    for (const auto& cache : caches) cache->shrink(size_);
    return size_;
  }
  std::size_t size_max() const { return size_max_; }
  void grow(std::size_t by) { size_ += by; }

  std::vector<std::unique_ptr<LayerCache>> caches;  // one for each layer

 private:
  std::size_t size_max_;
  std::size_t size_ = 0;
};

}  // namespace

Transformer::Transformer(std::shared_ptr<const Gguf> file, DecoderParts parts,
                         compute::ThreadPool& threads, const compute::Kernels& kernels)
    : file_(std::move(file)),
      parts_(std::move(parts)),
      stream_(parts_.width, parts_.epsilon, threads, kernels),
      logits_(parts_.output.outputs()) {}

Result<std::unique_ptr<Sequence>> Transformer::new_sequence(std::size_t tokens_max) {
  if (tokens_max == 0 || tokens_max > parts_.context) {
    return Error{ErrorCode::too_large, "a sequence may have 1 to " +
                                           std::to_string(parts_.context) + " tokens, not " +
                                           std::to_string(tokens_max)};
  }
  auto sequence = std::make_unique<TransformerSequence>(tokens_max);
  for (const DecoderLayer& layer : parts_.layers) {
    sequence->caches.push_back(layer.attention->new_cache());
  }
  return std::unique_ptr<Sequence>(std::move(sequence));
}

Result<std::span<const float>> Transformer::append(Sequence& sequence,
                                                   std::span<const TokenId> tokens,
                                                   const CancelCheck& is_cancelled) {
  auto& own = static_cast<TransformerSequence&>(sequence);
  if (tokens.empty()) return Error{ErrorCode::invalid_argument, "no tokens to append"};
  if (tokens.size() > own.size_max() - own.size()) {
    return Error{ErrorCode::too_large, "a sequence of at most " + std::to_string(own.size_max()) +
                                           " tokens has no room for " +
                                           std::to_string(own.size() + tokens.size())};
  }
  for (const TokenId token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= parts_.embeddings.size()) {
      return Error{ErrorCode::invalid_argument,
                   "token " + std::to_string(token) + " is not in the vocabulary"};
    }
  }
  while (!tokens.empty()) {
    const Pass pass{own.size(), std::min(tokens.size(), kTokensPerPass)};
    for (const auto& cache : own.caches) cache->reserve(pass.begin + pass.count);
    embed(tokens.first(pass.count));
    tokens = tokens.subspan(pass.count);
    // Behind the keys of the last layer only the last token is of interest, if any is.
    const std::size_t first = tokens.empty() ? pass.count - 1 : pass.count;
    WY_RETURN_IF_ERROR(run_layers(pass, first, own.caches, is_cancelled));
    own.grow(pass.count);
  }
  return compute_logits();
}

void Transformer::embed(std::span<const TokenId> tokens) {
  const Timed timed(stream_, Operator::embedding);
  if (stream_.hidden.size() < tokens.size() * parts_.width) {
    stream_.hidden.resize(tokens.size() * parts_.width);
  }
  for_rows(stream_.threads, tokens.size(), [&](std::size_t row) {
    float* state = stream_.hidden.data() + row * parts_.width;
    parts_.embeddings.read(static_cast<std::size_t>(tokens[row]), state);
    if (parts_.embedding_scale == 1.0F) return;
    for (std::size_t i = 0; i < parts_.width; ++i) state[i] *= parts_.embedding_scale;
  });
}

Status Transformer::run_layers(const Pass& pass, std::size_t first, Caches& caches,
                               const CancelCheck& is_cancelled) {
  for (const auto& rotation : parts_.rotations) rotation->prepare(pass.begin, pass.count);
  for (std::size_t i = 0; i < parts_.layers.size(); ++i) {
    if (is_cancelled && is_cancelled()) {
      return Error{ErrorCode::cancelled, "the request was cancelled"};
    }
    const bool is_last = i + 1 == parts_.layers.size();
    run_layer(parts_.layers[i], pass, is_last ? first : 0, *caches[i]);
  }
  return Done{};
}

template <class Run>
void Transformer::add_block(std::size_t rows, const std::vector<float>& post_norm, bool is_direct,
                            const Run& run) {
  const std::size_t width = parts_.width;
  if (is_direct && post_norm.empty() && parts_.residual_scale == 1.0F) {
    run(BlockOutput{stream_.hidden.data(), true});
    return;
  }
  if (results_.size() < rows * width) results_.resize(rows * width);
  run(BlockOutput{results_.data(), false});
  for_rows(stream_.threads, rows, [&](std::size_t row) {
    float* result = results_.data() + row * width;
    if (!post_norm.empty()) {
      stream_.kernels.rows.rms_norm(result, post_norm.data(), width, parts_.epsilon, result);
    }
    float* state = stream_.hidden.data() + row * width;
    for (std::size_t i = 0; i < width; ++i) state[i] += parts_.residual_scale * result[i];
  });
}

void Transformer::run_layer(DecoderLayer& layer, const Pass& pass, std::size_t first,
                            LayerCache& cache) {
  const std::size_t rows = pass.count - first;
  add_block(rows, layer.attention_post_norm, first == 0, [&](const BlockOutput& out) {
    layer.attention->run(stream_, pass, first, cache, layer.attention_norm, out);
    if (first == 0) return;
    // The states of the wanted tokens come to the front.
    const auto from = stream_.hidden.begin() + static_cast<std::ptrdiff_t>(first * parts_.width);
    std::copy_n(from, rows * parts_.width, stream_.hidden.begin());
  });
  if (rows == 0) return;
  add_block(rows, layer.inner_post_norm, true, [&](const BlockOutput& out) {
    layer.feed_forward->run(stream_, rows, layer.inner_norm, out);
  });
}

std::span<const float> Transformer::compute_logits() {
  const Timed timed(stream_, Operator::logits);
  stream_.fill_normed(parts_.output_norm, 1, parts_.output.form());
  const compute::Product product{
      .matrix = &parts_.output, .out = logits_.data(), .stride = logits_.size()};
  compute::multiply(stream_.activations, {&product, 1}, stream_.threads);
  if (parts_.logit_scale != 1.0F) {
    for (float& logit : logits_) logit *= parts_.logit_scale;
  }
  if (parts_.logit_cap > 0) {
    for (float& logit : logits_) logit = parts_.logit_cap * std::tanh(logit / parts_.logit_cap);
  }
  return logits_;
}

}  // namespace wenyuan::llm
