#include "llm/bert_cross_encoder.h"

#include <cmath>

namespace wenyuan::llm {

Result<std::unique_ptr<CrossEncoder>> BertCrossEncoder::load(std::shared_ptr<const Gguf> file,
                                                             compute::ThreadPool& threads,
                                                             const LoadOptions& options) {
  LoadOptions with_threads = options;
  with_threads.threads = &threads;
  WY_TRY(BertWeights weights, load_bert(*file, with_threads));
  if (!weights.classifier) {
    return Error{ErrorCode::unsupported_media, "an encoder without a classifier ranks nothing"};
  }
  auto layers = std::make_unique<BertLayers>(std::move(file), std::move(weights), threads, options);
  return std::unique_ptr<CrossEncoder>(
      std::make_unique<BertCrossEncoder>(std::move(layers), threads));
}

Result<std::vector<float>> BertCrossEncoder::score(std::span<const TokenPair> pairs) {
  std::vector<BertInput> inputs;
  for (const TokenPair& pair : pairs) {
    inputs.push_back({.tokens = pair.tokens, .second = pair.second});
    WY_RETURN_IF_ERROR(layers_->check(inputs.back()));
  }
  std::vector<float> scores;
  for (std::span<const BertInput> rest(inputs); !rest.empty();) {
    const std::size_t count = BertLayers::batch_size(rest);
    layers_->run(rest.first(count));
    classify(count, scores);
    rest = rest.subspan(count);
  }
  return scores;
}

void BertCrossEncoder::classify(std::size_t count, std::vector<float>& scores) {
  const BertClassifier& classifier = *layers_->weights().classifier;
  const std::size_t width = layers_->weights().shape.width;
  std::vector<float> states(count * width);
  const auto read = [&](std::size_t i, float* out) {
    layers_->read_state(layers_->rows(i).begin, out);
  };
  if (classifier.hidden) {
    const compute::Matrix& weight = classifier.hidden->weight;
    activations_.fill(count, width, weight.form(), threads_, read);
    const compute::Product product{
        .matrix = &weight, .bias = classifier.hidden->bias, .out = states.data(), .stride = width};
    compute::multiply(activations_, {&product, 1}, threads_);
    for (float& value : states) value = std::tanh(value);
  } else {
    for (std::size_t i = 0; i < count; ++i) read(i, states.data() + i * width);
  }
  for (std::size_t i = 0; i < count; ++i) {
    double score = double{classifier.bias};
    for (std::size_t k = 0; k < width; ++k) {
      score += double{states[i * width + k]} * double{classifier.output[k]};
    }
    scores.push_back(static_cast<float>(score));
  }
}

}  // namespace wenyuan::llm
