#include <cmath>

#include "llm/llama.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kLayersMax = 512;
constexpr std::size_t kWidthMax = 1U << 16;
constexpr std::size_t kInnerWidthMax = 1U << 20;
constexpr std::size_t kHeadsMax = 1024;
constexpr std::size_t kContextMax = 1U << 24;

Error unsupported(const std::string& what) { return Error{ErrorCode::unsupported_media, what}; }

Result<LlamaShape> read_shape(const WeightLoader& loader) {
  LlamaShape shape{};
  WY_TRY(shape.layers, loader.size("block_count", 1, kLayersMax));
  WY_TRY(shape.width, loader.size("embedding_length", 1, kWidthMax));
  WY_TRY(shape.inner_width, loader.size("feed_forward_length", 1, kInnerWidthMax));
  WY_TRY(shape.heads, loader.size("attention.head_count", 1, kHeadsMax));
  WY_TRY(shape.key_heads, loader.size_or("attention.head_count_kv", shape.heads, 1, shape.heads));
  WY_TRY(shape.context, loader.size("context_length", 1, kContextMax));
  WY_TRY(shape.head_size, loader.size_or("attention.key_length", shape.width / shape.heads, 1,
                                         compute::kHeadSizeMax));
  WY_TRY(const std::size_t value_size,
         loader.size_or("attention.value_length", shape.head_size, 1, compute::kHeadSizeMax));
  WY_TRY(shape.rotated,
         loader.size_or("rope.dimension_count", shape.head_size, 2, compute::kHeadSizeMax));
  WY_TRY(shape.epsilon, loader.real("attention.layer_norm_rms_epsilon"));
  if (shape.head_size > compute::kHeadSizeMax || shape.head_size % compute::kTileRows != 0 ||
      value_size != shape.head_size) {
    return unsupported("attention heads of " + std::to_string(shape.head_size) + " and " +
                       std::to_string(value_size) + " numbers");
  }
  if (shape.rotated > shape.head_size || shape.rotated % 2 != 0) {
    return Error{ErrorCode::corrupt, "rope.dimension_count is not an even part of a head"};
  }
  if (shape.heads % shape.key_heads != 0 || shape.heads / shape.key_heads > compute::kQueriesMax) {
    return unsupported(std::to_string(shape.heads) + " query heads for " +
                       std::to_string(shape.key_heads) + " key heads");
  }
  return shape;
}

// Radians that each rotated pair turns for a position.
Result<std::vector<double>> read_frequencies(const Gguf& file, const WeightLoader& loader,
                                             const LlamaShape& shape) {
  const double base = file.real(loader.key("rope.freq_base")).value_or(10000.0);
  if (!(base > 0) || !std::isfinite(base)) {
    return Error{ErrorCode::corrupt, "rope.freq_base is not a positive number"};
  }
  const std::string_view scaling = file.text(loader.key("rope.scaling.type")).value_or("none");
  if (scaling != "none" && scaling != "linear") {
    return unsupported("rope scaling of the type " + std::string(scaling));
  }
  const double factor =
      scaling == "linear" ? file.real(loader.key("rope.scaling.factor")).value_or(1.0) : 1.0;
  if (!(factor > 0) || !std::isfinite(factor)) {
    return Error{ErrorCode::corrupt, "rope.scaling.factor is not a positive number"};
  }
  WY_TRY(const std::vector<float> divisors,
         loader.vector_if_any("rope_freqs.weight", shape.rotated / 2));
  std::vector<double> frequencies;
  for (std::size_t pair = 0; pair < shape.rotated / 2; ++pair) {
    const double exponent = 2.0 * static_cast<double>(pair) / static_cast<double>(shape.rotated);
    const double divisor = divisors.empty() ? 1.0 : double{divisors[pair]};
    frequencies.push_back(std::pow(base, -exponent) / factor / divisor);
  }
  return frequencies;
}

Result<LlamaLayer> read_layer(const WeightLoader& loader, const LlamaShape& shape,
                              std::size_t number) {
  const std::string prefix = "blk." + std::to_string(number) + ".";
  const std::size_t query_width = shape.heads * shape.head_size;
  const std::size_t key_width = shape.key_heads * shape.head_size;
  LlamaLayer layer;
  WY_TRY(layer.attention_norm, loader.vector(prefix + "attn_norm.weight", shape.width));
  WY_TRY(layer.query, loader.matrix(prefix + "attn_q.weight", shape.width, query_width));
  WY_TRY(layer.key, loader.matrix(prefix + "attn_k.weight", shape.width, key_width));
  WY_TRY(layer.value, loader.matrix(prefix + "attn_v.weight", shape.width, key_width));
  WY_TRY(layer.query_bias, loader.vector_if_any(prefix + "attn_q.bias", query_width));
  WY_TRY(layer.key_bias, loader.vector_if_any(prefix + "attn_k.bias", key_width));
  WY_TRY(layer.value_bias, loader.vector_if_any(prefix + "attn_v.bias", key_width));
  WY_TRY(layer.attention_output,
         loader.matrix(prefix + "attn_output.weight", query_width, shape.width));
  WY_TRY(layer.inner_norm, loader.vector(prefix + "ffn_norm.weight", shape.width));
  WY_TRY(layer.gate, loader.matrix(prefix + "ffn_gate.weight", shape.width, shape.inner_width));
  WY_TRY(layer.up, loader.matrix(prefix + "ffn_up.weight", shape.width, shape.inner_width));
  WY_TRY(layer.down, loader.matrix(prefix + "ffn_down.weight", shape.inner_width, shape.width));
  return layer;
}

// Parts of related models that would change the result if they were passed over.
Status refuse_unknown_parts(const Gguf& file, const WeightLoader& loader) {
  if (file.integer(loader.key("expert_count")).value_or(0) > 0) {
    return unsupported("a mixture of experts");
  }
  for (const char* part : {"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias",
                           "attn_q_norm.weight", "attn_qkv.weight"}) {
    const std::string name = std::string("blk.0.") + part;
    if (loader.has(name)) return unsupported("a model with the tensor " + name);
  }
  return Done{};
}

}  // namespace

Result<LlamaWeights> load_llama(const Gguf& file, const LoadOptions& options) {
  const WeightLoader loader(file, options);
  LlamaWeights weights;
  WY_RETURN_IF_ERROR(refuse_unknown_parts(file, loader));
  WY_TRY(weights.shape, read_shape(loader));
  WY_TRY(weights.frequencies, read_frequencies(file, loader, weights.shape));
  WY_TRY(weights.embeddings, loader.table("token_embd.weight", weights.shape.width));
  for (std::size_t i = 0; i < weights.shape.layers; ++i) {
    WY_TRY(LlamaLayer layer, read_layer(loader, weights.shape, i));
    weights.layers.push_back(std::move(layer));
  }
  WY_TRY(weights.output_norm, loader.vector("output_norm.weight", weights.shape.width));
  const char* output = loader.has("output.weight") ? "output.weight" : "token_embd.weight";
  WY_TRY(weights.output, loader.matrix(output, weights.shape.width, weights.embeddings.size()));
  return weights;
}

}  // namespace wenyuan::llm
