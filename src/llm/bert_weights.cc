#include "compute/attention.h"
#include "llm/bert.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kLayersMax = 256;
constexpr std::size_t kWidthMax = 1U << 14;
constexpr std::size_t kInnerWidthMax = 1U << 18;
constexpr std::size_t kHeadsMax = 256;
constexpr std::size_t kContextMax = 1U << 16;

Error unsupported(const std::string& what) { return Error{ErrorCode::unsupported_media, what}; }

Result<BertShape> read_shape(const Gguf& file, const WeightLoader& loader) {
  BertShape shape{};
  WY_TRY(shape.layers, loader.size("block_count", 1, kLayersMax));
  WY_TRY(shape.width, loader.size("embedding_length", 1, kWidthMax));
  WY_TRY(shape.inner_width, loader.size("feed_forward_length", 1, kInnerWidthMax));
  WY_TRY(shape.heads, loader.size("attention.head_count", 1, kHeadsMax));
  WY_TRY(shape.context, loader.size("context_length", 1, kContextMax));
  WY_TRY(shape.epsilon, loader.real("attention.layer_norm_epsilon"));
  shape.head_size = shape.width / shape.heads;
  if (shape.width % shape.heads != 0 || shape.head_size == 0 ||
      shape.head_size % compute::kTileRows != 0 || shape.head_size > compute::kHeadSizeMax) {
    return unsupported(std::to_string(shape.heads) + " attention heads of a width of " +
                       std::to_string(shape.width));
  }
  if (file.flag(loader.key("attention.causal")).value_or(false)) {
    return unsupported("an encoder with causal attention");
  }
  WY_TRY(const std::size_t pooling, loader.size("pooling_type", 0, 4));
  if (pooling != 1 && pooling != 2) {
    return unsupported("pooling of the type " + std::to_string(pooling));
  }
  shape.pooling = pooling == 1 ? Pooling::mean : Pooling::first;
  return shape;
}

Result<BertLinear> read_linear(const WeightLoader& loader, const std::string& name,
                               std::size_t inputs, std::size_t outputs) {
  BertLinear linear;
  WY_TRY(linear.weight, loader.matrix(name + ".weight", inputs, outputs));
  WY_TRY(linear.bias, loader.vector_if_any(name + ".bias", outputs));
  return linear;
}

Result<BertNorm> read_norm(const WeightLoader& loader, const std::string& name, std::size_t width) {
  BertNorm norm;
  WY_TRY(norm.weight, loader.vector(name + ".weight", width));
  WY_TRY(norm.bias, loader.vector(name + ".bias", width));
  return norm;
}

Result<BertLayer> read_layer(const WeightLoader& loader, const BertShape& shape,
                             std::size_t number) {
  const std::string prefix = "blk." + std::to_string(number) + ".";
  const std::size_t width = shape.width;
  for (const char* part : {"attn_qkv.weight", "ffn_gate.weight", "attn_q_norm.weight"}) {
    if (loader.has(prefix + part)) {
      return unsupported("an encoder with the tensor " + prefix + part);
    }
  }
  BertLayer layer;
  WY_TRY(layer.query, read_linear(loader, prefix + "attn_q", width, width));
  WY_TRY(layer.key, read_linear(loader, prefix + "attn_k", width, width));
  WY_TRY(layer.value, read_linear(loader, prefix + "attn_v", width, width));
  WY_TRY(layer.attention_output, read_linear(loader, prefix + "attn_output", width, width));
  WY_TRY(layer.attention_norm, read_norm(loader, prefix + "attn_output_norm", width));
  WY_TRY(layer.up, read_linear(loader, prefix + "ffn_up", width, shape.inner_width));
  WY_TRY(layer.down, read_linear(loader, prefix + "ffn_down", shape.inner_width, width));
  WY_TRY(layer.output_norm, read_norm(loader, prefix + "layer_output_norm", width));
  return layer;
}

}  // namespace

Result<BertWeights> load_bert(const Gguf& file, const LoadOptions& options) {
  const WeightLoader loader(file, options);
  BertWeights weights;
  WY_TRY(weights.shape, read_shape(file, loader));
  const std::size_t width = weights.shape.width;
  WY_TRY(weights.tokens, loader.table("token_embd.weight", width));
  WY_TRY(weights.positions, loader.table("position_embd.weight", width));
  if (weights.positions.size() < weights.shape.context) {
    return Error{ErrorCode::corrupt,
                 "position_embd.weight has only " + std::to_string(weights.positions.size()) +
                     " positions for a context of " + std::to_string(weights.shape.context)};
  }
  weights.token_type.assign(width, 0.0F);
  if (loader.has("token_types.weight")) {
    WY_TRY(const EmbeddingTable types, loader.table("token_types.weight", width));
    types.read(0, weights.token_type.data());
  }
  WY_TRY(weights.embedding_norm, read_norm(loader, "token_embd_norm", width));
  for (std::size_t i = 0; i < weights.shape.layers; ++i) {
    WY_TRY(BertLayer layer, read_layer(loader, weights.shape, i));
    weights.layers.push_back(std::move(layer));
  }
  return weights;
}

}  // namespace wenyuan::llm
