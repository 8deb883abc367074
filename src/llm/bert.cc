#include "llm/bert.h"

#include <cmath>

namespace wenyuan::llm {

Result<std::unique_ptr<Encoder>> BertEncoder::load(std::shared_ptr<const Gguf> file,
                                                   compute::ThreadPool& threads,
                                                   const LoadOptions& options) {
  LoadOptions with_threads = options;
  with_threads.threads = &threads;
  WY_TRY(BertWeights weights, load_bert(*file, with_threads));
  if (weights.shape.pooling == Pooling::rank) {
    return Error{ErrorCode::unsupported_media, "a reranker makes no vectors"};
  }
  return std::unique_ptr<Encoder>(std::make_unique<BertEncoder>(
      std::make_unique<BertLayers>(std::move(file), std::move(weights), threads, options)));
}

Result<std::vector<std::vector<float>>> BertEncoder::encode(
    std::span<const std::vector<TokenId>> texts) {
  std::vector<BertInput> inputs;
  for (const auto& text : texts) {
    inputs.push_back({.tokens = text});
    WY_RETURN_IF_ERROR(layers_->check(inputs.back()));
  }
  std::vector<std::vector<float>> vectors;
  for (std::span<const BertInput> rest(inputs); !rest.empty();) {
    const std::size_t count = BertLayers::batch_size(rest);
    layers_->run(rest.first(count));
    for (std::size_t i = 0; i < count; ++i) vectors.push_back(pool(layers_->rows(i)));
    rest = rest.subspan(count);
  }
  return vectors;
}

std::vector<float> BertEncoder::pool(const BertLayers::Rows& text) const {
  const BertShape& shape = layers_->weights().shape;
  const std::size_t end = text.begin + text.count;
  const std::size_t first = shape.pooling == Pooling::last ? end - 1 : text.begin;
  const std::size_t last = shape.pooling == Pooling::first ? text.begin : end - 1;
  std::vector<double> sums(shape.width);
  std::vector<float> own(shape.width);
  for (std::size_t row = first; row <= last; ++row) {
    layers_->read_state(row, own.data());
    for (std::size_t i = 0; i < shape.width; ++i) sums[i] += double{own[i]};
  }
  double squares = 0;
  for (const double sum : sums) squares += sum * sum;
  const double inverse = squares > 0 ? 1.0 / std::sqrt(squares) : 0.0;
  for (std::size_t i = 0; i < shape.width; ++i) own[i] = static_cast<float>(sums[i] * inverse);
  return own;
}

}  // namespace wenyuan::llm
