#include "llm/decoder/feed_forward.h"

#include <array>

namespace wenyuan::llm {

void run_gate(Gate gate, const float* gates, const float* ups, std::size_t count, float* out,
              const compute::Kernels& kernels) {
  if (gate == Gate::silu) {
    kernels.rows.swiglu(gates, ups, count, out);
    return;
  }
  // (1 + tanh y) / 2 is the logistic function of 2y, so gelu(x) = x / z * silu(z) with z = 2y.
  constexpr float kTwiceRootOfTwoByPi = 1.5957691216F;
  constexpr float kCube = 0.044715F;
  constexpr std::size_t kStep = 256;
  std::array<float, kStep> z;
  for (std::size_t at = 0; at < count; at += kStep) {
    const std::size_t step = count - at < kStep ? count - at : kStep;
    for (std::size_t i = 0; i < step; ++i) {
      const float x = gates[at + i];
      z[i] = kTwiceRootOfTwoByPi * x * (1 + kCube * x * x);
    }
    std::array<float, kStep> factors;
    for (std::size_t i = 0; i < step; ++i) {
      const float x = gates[at + i];
      factors[i] = ups[at + i] / (kTwiceRootOfTwoByPi * (1 + kCube * x * x));
    }
    kernels.rows.swiglu(z.data(), factors.data(), step, out + at);
  }
}

Result<GatedWeights> GatedWeights::load(const WeightLoader& loader, const std::string& prefix,
                                        const std::string& suffix, std::size_t width,
                                        std::size_t inner) {
  GatedWeights weights;
  const auto name = [&](const char* part) { return prefix + "_" + part + suffix + ".weight"; };
  WY_TRY(weights.gate, loader.matrix(name("gate"), width, inner));
  WY_TRY(weights.up, loader.matrix(name("up"), width, inner));
  WY_TRY(weights.down, loader.matrix(name("down"), inner, width));
  return weights;
}

Result<std::unique_ptr<FeedForward>> DenseFeedForward::load(const WeightLoader& loader,
                                                            std::size_t layer, std::size_t width,
                                                            std::size_t inner, Gate gate) {
  WY_TRY(GatedWeights weights,
         GatedWeights::load(loader, "blk." + std::to_string(layer) + ".ffn", "", width, inner));
  return std::unique_ptr<FeedForward>(new DenseFeedForward(std::move(weights), gate));
}

void DenseFeedForward::run(Stream& stream, std::size_t rows, const std::vector<float>& norm,
                           const BlockOutput& out) {
  const Timed timed(stream, Operator::feed_forward);
  const std::size_t inner = weights_.gate.outputs();
  float* gates = stream.room(Stream::Room::gates, rows * inner);
  float* ups = stream.room(Stream::Room::ups, rows * inner);
  compute::ActivationForms forms = weights_.gate.form();
  forms.add(weights_.up.form());
  stream.fill_normed(norm, rows, forms);
  const std::array<compute::Product, 2> products = {{
      {.matrix = &weights_.gate, .out = gates, .stride = inner},
      {.matrix = &weights_.up, .out = ups, .stride = inner},
  }};
  compute::multiply(stream.activations, products, stream.threads);
  stream.activations.fill(
      rows, inner, weights_.down.form(), stream.threads, [&](std::size_t row, float* to) {
        run_gate(gate_, gates + row * inner, ups + row * inner, inner, to, stream.kernels);
      });
  const compute::Product product{
      .matrix = &weights_.down, .out = out.rows, .stride = stream.width, .add = out.add};
  compute::multiply(stream.activations, {&product, 1}, stream.threads);
}

}  // namespace wenyuan::llm
