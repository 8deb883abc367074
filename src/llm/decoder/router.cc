#include "llm/decoder/router.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/assert.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kExpertsMax = 4096;
constexpr float kNever = -std::numeric_limits<float>::infinity();
// The least sum that weights are divided by.
constexpr float kSumMin = 6.103515625e-5F;

std::vector<float> probabilities(Gating gating, std::span<const float> logits) {
  std::vector<float> values(logits.begin(), logits.end());
  if (gating == Gating::sigmoid) {
    for (float& value : values) value = 1.0F / (1.0F + std::exp(-value));
    return values;
  }
  const float largest = *std::max_element(values.begin(), values.end());
  float sum = 0;
  for (float& value : values) sum += value = std::exp(value - largest);
  for (float& value : values) value /= sum;
  return values;
}

// The numbers of the `count` largest, largest first.
std::vector<std::uint32_t> largest(std::span<const float> scores, std::size_t count) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::uint32_t a, std::uint32_t b) {
                      return scores[a] > scores[b] || (!(scores[b] > scores[a]) && a < b);
                    });
  order.resize(count);
  return order;
}

}  // namespace

Result<RouterShape> RouterShape::read(const WeightLoader& loader, const Defaults& defaults) {
  RouterShape shape;
  WY_TRY(shape.experts, loader.size("expert_count", 1, kExpertsMax));
  WY_TRY(shape.used, loader.size("expert_used_count", 1, shape.experts));
  WY_TRY(const std::size_t gating, loader.size_or("expert_gating_func", 1, 0, 2));
  shape.gating = gating == 2 ? Gating::sigmoid : Gating::softmax;
  shape.group_score = shape.gating == Gating::sigmoid ? GroupScore::best_two : GroupScore::best;
  shape.normalise = loader.flag_or("expert_weights_norm", defaults.normalise);
  const double scale = loader.real_or("expert_weights_scale", 1);
  // Some files say 0 where they mean that there is none.
  shape.scale = scale == 0 ? 1.0F : static_cast<float>(scale);
  WY_TRY(shape.groups, loader.size_or("expert_group_count", 1, 0, shape.experts));
  shape.groups = std::max<std::size_t>(1, shape.groups);
  WY_TRY(shape.groups_used, loader.size_or("expert_group_used_count", 1, 0, shape.groups));
  shape.groups_used = std::max<std::size_t>(1, shape.groups_used);
  if (!std::isfinite(shape.scale)) {
    return Error{ErrorCode::corrupt, "expert_weights_scale is not a number"};
  }
  if (shape.experts % shape.groups != 0 ||
      shape.groups_used * (shape.experts / shape.groups) < shape.used) {
    return Error{ErrorCode::corrupt, std::to_string(shape.groups) + " groups do not fit " +
                                         std::to_string(shape.experts) + " experts"};
  }
  return shape;
}

void Router::keep_best_groups(std::vector<float>& scores) const {
  const std::size_t size = shape_.experts / shape_.groups;
  std::vector<float> worth;
  for (std::size_t group = 0; group < shape_.groups; ++group) {
    const std::span<const float> own(scores.data() + group * size, size);
    const auto best = largest(own, std::min<std::size_t>(2, size));
    const bool both = shape_.group_score == GroupScore::best_two && best.size() == 2;
    worth.push_back(own[best[0]] + (both ? own[best[1]] : 0.0F));
  }
  std::vector<bool> is_kept(shape_.groups);
  for (const std::uint32_t group : largest(worth, shape_.groups_used)) is_kept[group] = true;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!is_kept[i / size]) scores[i] = kNever;
  }
}

void Router::choose(std::span<const float> logits, std::span<Choice> chosen) const {
  WY_ASSERT(logits.size() == shape_.experts && chosen.size() == shape_.used);
  const std::vector<float> weights = probabilities(shape_.gating, logits);
  std::vector<float> scores = weights;
  for (std::size_t i = 0; i < bias_.size(); ++i) scores[i] += bias_[i];
  if (shape_.groups > 1) keep_best_groups(scores);
  const auto best = largest(scores, shape_.used);
  float sum = 0;
  for (const std::uint32_t expert : best) sum += weights[expert];
  const float factor = shape_.normalise ? shape_.scale / std::max(sum, kSumMin) : shape_.scale;
  for (std::size_t i = 0; i < best.size(); ++i) chosen[i] = {best[i], weights[best[i]] * factor};
}

}  // namespace wenyuan::llm
