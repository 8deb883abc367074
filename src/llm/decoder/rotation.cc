#include "llm/decoder/rotation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace wenyuan::llm {
namespace {

Error not_positive(const std::string& key) {
  return Error{ErrorCode::corrupt, key + " is not a positive number"};
}

Result<double> positive(const WeightLoader& loader, std::string_view key, double fallback) {
  const double value = loader.real_or(key, fallback);
  if (!(value > 0) || !std::isfinite(value)) return not_positive(loader.key(key));
  return value;
}

std::vector<double> plain_frequencies(double base, std::size_t rotated) {
  std::vector<double> frequencies;
  for (std::size_t pair = 0; pair < rotated / 2; ++pair) {
    frequencies.push_back(
        std::pow(base, -2.0 * static_cast<double>(pair) / static_cast<double>(rotated)));
  }
  return frequencies;
}

struct Yarn {
  double base;
  double factor;
  double original_context;
  double beta_fast;
  double beta_slow;
};

// The pair that turns `turns` times over the original context.
double pair_of(const Yarn& yarn, std::size_t rotated, double turns) {
  return static_cast<double>(rotated) *
         std::log(yarn.original_context / (turns * 2 * std::numbers::pi)) /
         (2 * std::log(yarn.base));
}

// Fast pairs stay, slow ones are stretched over the longer context, those between get some of both.
void stretch(const Yarn& yarn, std::size_t rotated, std::vector<double>& frequencies) {
  const double low = std::max(0.0, std::floor(pair_of(yarn, rotated, yarn.beta_fast)));
  const double high =
      std::min(static_cast<double>(rotated) - 1, std::ceil(pair_of(yarn, rotated, yarn.beta_slow)));
  for (std::size_t pair = 0; pair < frequencies.size(); ++pair) {
    const double ramp =
        std::clamp((static_cast<double>(pair) - low) / std::max(0.001, high - low), 0.0, 1.0);
    frequencies[pair] *= 1 - ramp + ramp / yarn.factor;
  }
}

Result<Rotation> read_yarn(const WeightLoader& loader, std::size_t rotated, double base,
                           double factor) {
  Yarn yarn{.base = base, .factor = factor, .original_context = 0, .beta_fast = 0, .beta_slow = 0};
  WY_TRY(yarn.original_context, positive(loader, "rope.scaling.original_context_length", 0));
  WY_TRY(yarn.beta_fast, positive(loader, "rope.scaling.yarn_beta_fast", 32));
  WY_TRY(yarn.beta_slow, positive(loader, "rope.scaling.yarn_beta_slow", 1));
  WY_TRY(const double magnitude, positive(loader, "rope.scaling.attn_factor", 1));
  std::vector<double> frequencies = plain_frequencies(base, rotated);
  stretch(yarn, rotated, frequencies);
  return Rotation(std::move(frequencies),
                  static_cast<float>(magnitude * (1 + 0.1 * std::log(factor))));
}

}  // namespace

std::vector<std::size_t> row_order(PairOrder pairs, std::size_t heads, std::size_t head_size,
                                   std::size_t turned) {
  std::vector<std::size_t> order(heads * head_size);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t in_head = i % head_size;
    order[i] = i;
    if (pairs == PairOrder::halves && in_head < turned) {
      order[i] = i - in_head + in_head / 2 + in_head % 2 * (turned / 2);
    }
  }
  return order;
}

Result<Rotation> Rotation::read(const WeightLoader& loader, std::size_t rotated,
                                std::string_view base_key) {
  WY_TRY(const double base, positive(loader, base_key, 10000));
  const std::string scaling(loader.text_or("rope.scaling.type", "none"));
  WY_TRY(const double factor,
         positive(loader, "rope.scaling.factor", loader.real_or("rope.scale_linear", 1)));
  if (scaling == "yarn") return read_yarn(loader, rotated, base, factor);
  if (scaling != "none" && scaling != "linear") {
    return Error{ErrorCode::unsupported_media, "rope scaling of the type " + scaling};
  }
  WY_TRY(const std::vector<float> divisors, loader.vector_if_any("rope_freqs.weight", rotated / 2));
  std::vector<double> frequencies = plain_frequencies(base, rotated);
  for (std::size_t pair = 0; pair < frequencies.size(); ++pair) {
    if (scaling == "linear") frequencies[pair] /= factor;
    if (!divisors.empty()) frequencies[pair] /= double{divisors[pair]};
  }
  return Rotation(std::move(frequencies));
}

Result<Rotation> Rotation::read_plain(const WeightLoader& loader, std::size_t rotated,
                                      std::string_view base_key, double fallback_base) {
  WY_TRY(const double base, positive(loader, base_key, fallback_base));
  return Rotation(plain_frequencies(base, rotated));
}

void Rotation::prepare(std::size_t begin, std::size_t count) {
  cosines_.resize(count * size());
  sines_.resize(count * size());
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t pair = 0; pair < frequencies_.size(); ++pair) {
      const double angle = static_cast<double>(begin + row) * frequencies_[pair];
      const auto cosine = static_cast<float>(std::cos(angle)) * magnitude_;
      const auto sine = static_cast<float>(std::sin(angle)) * magnitude_;
      const std::size_t at = row * size() + 2 * pair;
      cosines_[at] = cosines_[at + 1] = cosine;
      sines_[at] = -sine;
      sines_[at + 1] = sine;
    }
  }
}

}  // namespace wenyuan::llm
