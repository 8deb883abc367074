#include "llm/memory_estimate.h"

#include <algorithm>
#include <string>

#include "compute/attention.h"
#include "compute/kernels.h"
#include "compute/pack.h"
#include "llm/weight_formats.h"

namespace wenyuan::llm {
namespace {

constexpr double kImpossible = 1e18;
constexpr double kTokensPerPass = 512;
constexpr double kFloat = 4;
// The text of a token, its places in the maps, and the same in the file's metadata.
constexpr double kBytesPerToken = 250;
// Threads, buffers of the kernels and the rest that does not grow.
constexpr double kFixed = 16.0 * 1024 * 1024;

// Sums in floating point cannot overflow; whole bytes up to 2^53 are exact.
std::int64_t bytes(double value) {
  return static_cast<std::int64_t>(std::clamp(value, 0.0, kImpossible));
}

class Estimator {
 public:
  Estimator(const Gguf& file, std::optional<compute::KeyValueType> cache)
      : file_(file), cache_(cache), prefix_(file.architecture() + ".") {}

  double weights() const {
    double sum = 0;
    for (const auto& [name, view] : file_.tensors()) sum += of_tensor(view);
    return sum;
  }

  double cache_per_token() const {
    if (is_encoder()) return 0;
    const double row =
        is_latent()
            ? row_bytes(number("attention.kv_lora_rank", 0) + number("rope.dimension_count", 0)) +
                  scale_bytes()
            : key_heads() * (row_bytes(key_size()) + row_bytes(value_size()) + scale_bytes());
    return number("block_count", 0) * row;
  }

  double work() const {
    const double width = number("embedding_length", 0);
    const double used = number("expert_used_count", 0);
    const double inner = std::max(
        number("feed_forward_length", 0),
        used * number("expert_feed_forward_length", 0) +
            number("expert_shared_feed_forward_length",
                   number("expert_shared_count", 0) * number("expert_feed_forward_length", 0)));
    // States, their results and the forms that go into products; then what is inside a block.
    const double state = 4 * width + 3 * inner + used * width;
    return kTokensPerPass * kFloat * (state + attention_width()) + kFixed;
  }

  double vocabulary() const {
    const auto* tokens = file_.texts("tokenizer.ggml.tokens");
    const double count = tokens == nullptr ? 0 : static_cast<double>(tokens->size());
    return count * (kBytesPerToken + kFloat);
  }

 private:
  bool is_encoder() const { return prefix_ == "bert." || prefix_ == "nomic-bert."; }
  bool is_latent() const { return number("attention.kv_lora_rank", 0) > 0; }
  double number(const char* key, double otherwise) const {
    const auto value = file_.integer(prefix_ + key);
    return value && *value >= 0 ? static_cast<double>(*value) : otherwise;
  }
  double heads() const { return std::max(1.0, number("attention.head_count", 1)); }
  double key_heads() const { return number("attention.head_count_kv", heads()); }
  double key_size() const {
    return number("attention.key_length", number("embedding_length", 0) / heads());
  }
  double value_size() const { return number("attention.value_length", key_size()); }

  double attention_width() const {
    if (!is_latent()) return 2 * heads() * key_size() + 2 * key_heads() * key_size();
    const double latent = number("attention.kv_lora_rank", 0);
    const double key = number("attention.key_length_mla", key_size());
    return heads() * (3 * latent + 2 * key + 2 * number("attention.value_length_mla", key));
  }

  // A file of single-precision weights keeps its keys and values so too.
  compute::KeyValueType cache_type() const {
    if (cache_) return *cache_;
    const TensorView* output = file_.tensor("blk.0.attn_output.weight");
    const bool is_single = output != nullptr && output->type == TensorType::f32;
    return is_single ? compute::KeyValueType::f32 : compute::KeyValueType::f16;
  }
  double row_bytes(double values) const {
    constexpr double kProbe = 1024;  // row_bytes() of an absurd size would overflow
    return values / kProbe *
           static_cast<double>(
               compute::cache_row_bytes(cache_type(), static_cast<std::size_t>(kProbe)));
  }

  // Of a key and its value: each part has a scale (compute/fixed_attention.h).
  double scale_bytes() const { return cache_type() == compute::KeyValueType::f16 ? 2 * kFloat : 0; }

  double of_tensor(const TensorView& view) const {
    const bool is_table = view.name == "token_embd.weight" || view.name == "position_embd.weight" ||
                          view.name == "token_types.weight";
    const bool is_tied = view.name == "token_embd.weight" && !is_encoder() &&
                         file_.tensor("output.weight") == nullptr;
    // Tables are read where they lie in the file; tied ones are the output matrix too.
    if (is_table && !is_tied) return 0;
    const auto type = weight_type_of(view.type);
    if (!type || view.shape.size() < 2) return static_cast<double>(view.bytes.size());
    const compute::TileFormat format = compute::tile_format(*type);
    const double inputs = static_cast<double>(view.shape[0]);
    double parts = 1;
    for (std::size_t i = 2; i < view.shape.size(); ++i) parts *= static_cast<double>(view.shape[i]);
    const double tiles =
        static_cast<double>((view.shape[1] + compute::kTileRows - 1) / compute::kTileRows);
    return parts * tiles * inputs / static_cast<double>(format.step) *
           static_cast<double>(format.step_bytes);
  }

  const Gguf& file_;
  std::optional<compute::KeyValueType> cache_;
  std::string prefix_;
};

}  // namespace

MemoryEstimate estimate_memory(const Gguf& file, std::int64_t context, std::int64_t users,
                               std::optional<compute::KeyValueType> cache) {
  const Estimator estimator(file, cache);
  const double per_token = estimator.cache_per_token();
  const double tokens = static_cast<double>(std::max<std::int64_t>(0, context)) *
                        static_cast<double>(std::max<std::int64_t>(0, users));
  MemoryEstimate estimate;
  estimate.weights = bytes(estimator.weights());
  estimate.cache_per_token = bytes(per_token);
  estimate.cache = bytes(per_token * tokens);
  estimate.work = bytes(estimator.work());
  estimate.vocabulary = bytes(estimator.vocabulary());
  return estimate;
}

}  // namespace wenyuan::llm
