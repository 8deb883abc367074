// The dense feed-forward block: a gate and its values, then back to the stream's width.
//
// Shazeer, "GLU Variants Improve Transformer", 2020.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compute/matrix.h"
#include "llm/decoder/blocks.h"
#include "llm/weights.h"

namespace wenyuan::llm {

enum class Gate { silu, gelu };  // gelu in its form with a hyperbolic tangent

// out[i] = gate(gates[i]) * ups[i]
void run_gate(Gate gate, const float* gates, const float* ups, std::size_t count, float* out,
              const compute::Kernels& kernels);

struct GatedWeights {
  compute::Matrix gate;
  compute::Matrix up;
  compute::Matrix down;

  // "<prefix>_gate<suffix>.weight" and so on.
  static Result<GatedWeights> load(const WeightLoader& loader, const std::string& prefix,
                                   const std::string& suffix, std::size_t width, std::size_t inner);
};

class DenseFeedForward final : public FeedForward {
 public:
  static Result<std::unique_ptr<FeedForward>> load(const WeightLoader& loader, std::size_t layer,
                                                   std::size_t width, std::size_t inner,
                                                   Gate gate = Gate::silu);
  void run(Stream& stream, std::size_t rows, const std::vector<float>& norm,
           const BlockOutput& out) override;

 private:
  DenseFeedForward(GatedWeights weights, Gate gate) : weights_(std::move(weights)), gate_(gate) {}

  GatedWeights weights_;
  Gate gate_;
};

}  // namespace wenyuan::llm
