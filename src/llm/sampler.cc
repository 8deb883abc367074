#include "llm/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/assert.h"

namespace wenyuan::llm {
namespace {

TokenId greatest(std::span<const float> logits) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    // Written so that a NaN never wins, and never keeps the first place.
    if (logits[i] > logits[best] || std::isnan(logits[best])) best = i;
  }
  return static_cast<TokenId>(best);
}

}  // namespace

Sampler::Sampler(const SamplerOptions& options) : options_(options), random_(options.seed) {}

void Sampler::accept(TokenId token) {
  if (options_.repeat_window == 0) return;
  if (recent_.size() == options_.repeat_window) recent_.pop_front();
  recent_.push_back(token);
}

TokenId Sampler::sample(std::span<const float> logits) {
  WY_ASSERT(!logits.empty());
  if (options_.repeat_penalty != 1.0F && options_.repeat_penalty > 0) {
    logits_.assign(logits.begin(), logits.end());
    penalise(logits_);
    logits = logits_;
  }
  return options_.temperature > 0 ? draw(logits) : greatest(logits);
}

void Sampler::penalise(std::span<float> logits) const {
  for (auto at = recent_.begin(); at != recent_.end(); ++at) {
    const bool seen = std::find(recent_.begin(), at, *at) != at;
    if (seen || *at < 0 || static_cast<std::size_t>(*at) >= logits.size()) continue;
    float& logit = logits[static_cast<std::size_t>(*at)];
    logit = logit > 0 ? logit / options_.repeat_penalty : logit * options_.repeat_penalty;
  }
}

TokenId Sampler::draw(std::span<const float> logits) {
  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > -std::numeric_limits<float>::infinity()) {  // false for NaN too
      candidates_.push_back({logits[i], static_cast<TokenId>(i)});
    }
  }
  if (candidates_.empty()) return greatest(logits);
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  std::size_t count = candidates_.size();
  if (options_.top_k > 0) count = std::min(count, static_cast<std::size_t>(options_.top_k));
  std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates_.end(), better);
  weights_.resize(count);
  const double largest = double{candidates_[0].logit};
  for (std::size_t i = 0; i < count; ++i) {
    const double off = double{candidates_[i].logit} - largest;
    weights_[i] = off == 0 ? 1.0 : std::exp(off / double{options_.temperature});
  }
  count = keep_top_p(count);
  double total = 0;
  for (std::size_t i = 0; i < count; ++i) total += weights_[i];
  // 53 random bits: the standard distributions differ from library to library.
  double left = static_cast<double>(random_() >> 11) * 0x1p-53 * total;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    left -= weights_[i];
    if (left < 0) return candidates_[i].token;
  }
  return candidates_[count - 1].token;
}

// How many of the best candidates reach top_p of the probability together; at least one.
std::size_t Sampler::keep_top_p(std::size_t count) {
  if (options_.top_p >= 1.0F) return count;
  double total = 0;
  for (std::size_t i = 0; i < count; ++i) total += weights_[i];
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += weights_[i];
    if (sum >= double{options_.top_p} * total) return i + 1;
  }
  return count;
}

}  // namespace wenyuan::llm
