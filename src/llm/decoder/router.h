// Which experts a token goes to, and with which weights.
//
// DeepSeek-AI, "DeepSeek-V2", 2024, and "DeepSeek-V3 Technical Report", 2024; the plain form:
// Shazeer et al., "Outrageously Large Neural Networks", 2017.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "llm/decoder/choice.h"
#include "llm/weights.h"

namespace wenyuan::llm {

enum class Gating { softmax, sigmoid };
// What a group of experts is worth: its best score, or the sum of its two best.
enum class GroupScore { best, best_two };

struct RouterShape {
  std::size_t experts = 0;
  std::size_t used = 0;
  Gating gating = Gating::softmax;
  bool normalise = false;  // the weights of the chosen, to the sum 1
  float scale = 1;         // of the weights
  std::size_t groups = 1;  // the experts of all but the best `groups_used` are not chosen
  std::size_t groups_used = 1;
  GroupScore group_score = GroupScore::best_two;

  // What the file does not say.
  struct Defaults {
    bool normalise;
  };
  // expert_count, expert_used_count and the other expert_* keys of the file.
  static Result<RouterShape> read(const WeightLoader& loader, const Defaults& defaults);
};

// Thread-safe.
class Router {
 public:
  Router(const RouterShape& shape, std::vector<float> bias)
      : shape_(shape), bias_(std::move(bias)) {}

  const RouterShape& shape() const { return shape_; }
  // `logits`: one for each expert. Fills `chosen` (shape().used of them), best first; of equal
  // scores the lower number goes first. The bias has a say in the choice, not in the weights.
  void choose(std::span<const float> logits, std::span<Choice> chosen) const;

 private:
  void keep_best_groups(std::vector<float>& scores) const;

  RouterShape shape_;
  std::vector<float> bias_;  // empty: none
};

}  // namespace wenyuan::llm
