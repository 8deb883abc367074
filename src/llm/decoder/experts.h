// The mixture-of-experts block: each token runs through a few experts and, where the model has
// them, through the experts that all tokens share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "compute/matrix.h"
#include "llm/decoder/blocks.h"
#include "llm/decoder/feed_forward.h"
#include "llm/decoder/router.h"
#include "llm/weights.h"

namespace wenyuan::llm {

struct ExpertsShape {
  RouterShape router;
  std::size_t inner = 0;         // width of one expert
  std::size_t shared_inner = 0;  // of the shared ones together; 0: there are none
};

// The rows of a batch are gathered by expert, so that each expert's weights are read once.
class ExpertFeedForward final : public FeedForward {
 public:
  static Result<std::unique_ptr<FeedForward>> load(const WeightLoader& loader, std::size_t layer,
                                                   std::size_t width, const ExpertsShape& shape);
  void run(Stream& stream, std::size_t rows, const std::vector<float>& norm,
           const BlockOutput& out) override;

 private:
  // (row, choice) pairs in the order of the experts.
  struct Plan {
    std::vector<Choice> choices;            // rows x used
    std::vector<std::uint32_t> rows;        // of each place, the row that it is of
    std::vector<std::uint32_t> places;      // rows x used: where a choice went
    std::vector<compute::RowRange> ranges;  // of each expert its places
  };

  ExpertFeedForward(std::size_t layer, const ExpertsShape& shape, std::vector<float> bias)
      : layer_(layer), shape_(shape), router_(shape.router, std::move(bias)) {}
  Plan route(Stream& stream, std::size_t rows) const;
  void run_experts(Stream& stream, const Plan& plan, std::size_t rows, float* downs) const;
  void run_shared(Stream& stream, std::size_t rows, const BlockOutput& out) const;
  void combine(Stream& stream, const Plan& plan, std::size_t rows, const float* downs,
               const BlockOutput& out) const;

  std::size_t layer_;
  ExpertsShape shape_;
  Router router_;
  RoutingObserver observer_;
  compute::Matrix router_matrix_;
  compute::Matrix gates_;  // stacks of one part for each expert
  compute::Matrix ups_;
  compute::Matrix downs_;
  std::optional<GatedWeights> shared_;
  compute::Matrix shared_gate_;  // how much of the shared experts a token gets; empty: all
};

}  // namespace wenyuan::llm
