#include "llm/bert_weights.h"

#include "compute/attention.h"
#include "llm/decoder/common_parts.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kLayersMax = 256;
constexpr std::size_t kWidthMax = 1U << 14;
constexpr std::size_t kInnerWidthMax = 1U << 18;
constexpr std::size_t kHeadsMax = 256;
constexpr std::size_t kContextMax = 1U << 16;
constexpr std::size_t kTokenTypesMax = 2;  // the first and the second text

// As the file numbers them.
constexpr std::int64_t kMeanPooling = 1;
constexpr std::int64_t kFirstPooling = 2;
constexpr std::int64_t kLastPooling = 3;
constexpr std::int64_t kRankPooling = 4;

Error unsupported(const std::string& what) { return Error{ErrorCode::unsupported_media, what}; }

bool is_nomic(const Gguf& file) { return file.architecture() == "nomic-bert"; }

Result<Pooling> read_pooling(const WeightLoader& loader) {
  if (is_ranking_bert(loader.file())) return Pooling::rank;
  const auto type = loader.file().integer(loader.key("pooling_type"));
  if (!type) return unsupported("an encoder that does not say how to pool");
  switch (*type) {
    case kMeanPooling: return Pooling::mean;
    case kFirstPooling: return Pooling::first;
    case kLastPooling: return Pooling::last;
    default: return unsupported("pooling of the type " + std::to_string(*type));
  }
}

Result<BertShape> read_shape(const WeightLoader& loader) {
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
  if (loader.flag_or("attention.causal", false)) {
    return unsupported("an encoder with causal attention");
  }
  WY_TRY(shape.pooling, read_pooling(loader));
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

// Where the rows of the queries, the keys and the values stand in the file. Queries and keys that
// are turned are brought into the order that Rotation wants.
std::array<std::vector<std::size_t>, 3> projection_orders(const BertShape& shape,
                                                          std::size_t turned) {
  const auto plain = row_order(PairOrder::neighbours, shape.heads, shape.head_size, 0);
  const auto paired = row_order(PairOrder::halves, shape.heads, shape.head_size, turned);
  return {paired, paired, plain};
}

std::vector<float> reordered(std::span<const float> values, const std::vector<std::size_t>& order) {
  std::vector<float> result;
  for (const std::size_t at : order) result.push_back(values[at]);
  return result;
}

Result<BertProjections> read_fused(const WeightLoader& loader, const std::string& name,
                                   const BertShape& shape, std::size_t turned) {
  const std::size_t width = shape.width;
  const auto orders = projection_orders(shape, turned);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    for (const std::size_t row : orders[i]) rows.push_back(i * width + row);
  }
  BertProjections projections;
  WY_TRY(compute::Matrix matrix,
         loader.matrix_in_order(name + ".weight", width, 3 * width, rows, 3));
  projections.matrices.push_back(std::move(matrix));
  WY_TRY(const auto bias, loader.vector_if_any(name + ".bias", 3 * width));
  for (std::size_t i = 0; i < orders.size() && !bias.empty(); ++i) {
    projections.biases[i] = reordered(std::span(bias).subspan(i * width, width), orders[i]);
  }
  return projections;
}

Result<BertProjections> read_apart(const WeightLoader& loader, const std::string& prefix,
                                   const BertShape& shape, std::size_t turned) {
  const std::size_t width = shape.width;
  const auto orders = projection_orders(shape, turned);
  BertProjections projections;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const std::string name = prefix + "qkv"[i];
    WY_TRY(compute::Matrix matrix,
           loader.matrix_in_order(name + ".weight", width, width, orders[i]));
    projections.matrices.push_back(std::move(matrix));
    WY_TRY(const auto bias, loader.vector_if_any(name + ".bias", width));
    if (!bias.empty()) projections.biases[i] = reordered(bias, orders[i]);
  }
  return projections;
}

Result<BertLayer> read_layer(const WeightLoader& loader, const BertShape& shape, std::size_t turned,
                             std::size_t number) {
  const std::string prefix = "blk." + std::to_string(number) + ".";
  const std::size_t width = shape.width;
  const bool is_gated = is_nomic(loader.file());
  for (const char* part : {"attn_q_norm.weight", "attn_k_norm.weight", "attn_norm_2.weight",
                           "ffn_gate_inp.weight", is_gated ? "" : "ffn_gate.weight"}) {
    if (loader.has(prefix + part)) {
      return unsupported("an encoder with the tensor " + prefix + part);
    }
  }
  BertLayer layer;
  const bool is_fused = loader.has(prefix + "attn_qkv.weight");
  WY_TRY(layer.projections, is_fused ? read_fused(loader, prefix + "attn_qkv", shape, turned)
                                     : read_apart(loader, prefix + "attn_", shape, turned));
  WY_TRY(layer.attention_output, read_linear(loader, prefix + "attn_output", width, width));
  WY_TRY(layer.attention_norm, read_norm(loader, prefix + "attn_output_norm", width));
  if (is_gated) {
    WY_TRY(layer.gate, read_linear(loader, prefix + "ffn_gate", width, shape.inner_width));
  }
  WY_TRY(layer.up, read_linear(loader, prefix + "ffn_up", width, shape.inner_width));
  WY_TRY(layer.down, read_linear(loader, prefix + "ffn_down", shape.inner_width, width));
  WY_TRY(layer.output_norm, read_norm(loader, prefix + "layer_output_norm", width));
  return layer;
}

Status read_places(const WeightLoader& loader, BertWeights& weights) {
  const BertShape& shape = weights.shape;
  if (is_nomic(loader.file())) {
    WY_TRY(const std::size_t turned, read_rotated(loader, shape.head_size));
    WY_TRY(weights.rotation, Rotation::read(loader, turned));
    return Done{};
  }
  WY_TRY(weights.positions, loader.table("position_embd.weight", shape.width));
  if (weights.positions.size() < shape.context) {
    return Error{ErrorCode::corrupt,
                 "position_embd.weight has only " + std::to_string(weights.positions.size()) +
                     " positions for a context of " + std::to_string(shape.context)};
  }
  return Done{};
}

Status read_token_types(const WeightLoader& loader, BertWeights& weights) {
  const std::size_t width = weights.shape.width;
  weights.token_types.assign(width, 0.0F);
  if (!loader.has("token_types.weight")) return Done{};
  WY_TRY(const EmbeddingTable types, loader.table("token_types.weight", width));
  const std::size_t count = std::min(types.size(), kTokenTypesMax);
  weights.token_types.resize(count * width);
  for (std::size_t type = 0; type < count; ++type) {
    types.read(type, weights.token_types.data() + type * width);
  }
  return Done{};
}

Result<BertClassifier> read_classifier(const WeightLoader& loader, std::size_t width) {
  BertClassifier classifier;
  if (loader.has("cls.weight")) {
    WY_TRY(classifier.hidden, read_linear(loader, "cls", width, width));
  }
  const std::uint64_t size = loader.element_count("cls.output.weight");
  if (size == 0) return unsupported("a reranker without the tensor cls.output.weight");
  if (size != width) {
    return unsupported("a classifier with " + std::to_string(size / width) +
                       " classes; a reranker has one");
  }
  WY_TRY(classifier.output, loader.floats("cls.output.weight", width));
  if (loader.has("cls.output.bias")) {
    WY_TRY(const auto bias, loader.floats("cls.output.bias", 1));
    classifier.bias = bias[0];
  }
  return classifier;
}

}  // namespace

compute::ActivationForms BertProjections::forms() const {
  compute::ActivationForms forms;
  for (const compute::Matrix& matrix : matrices) forms.add(matrix.form());
  return forms;
}

compute::Product BertProjections::product(std::size_t number, float* out,
                                          std::size_t stride) const {
  const bool is_fused = matrices.size() == 1;
  return {.matrix = &matrices[is_fused ? 0 : number],
          .bias = biases[number],
          .out = out,
          .stride = stride,
          .part = is_fused ? number : 0};
}

bool is_bert(const Gguf& file) { return file.architecture() == "bert" || is_nomic(file); }

bool is_ranking_bert(const Gguf& file) {
  const auto pooling = file.integer(file.architecture() + ".pooling_type");
  return pooling ? *pooling == kRankPooling : file.tensor("cls.output.weight") != nullptr;
}

Result<BertWeights> load_bert(const Gguf& file, const LoadOptions& options) {
  const WeightLoader loader(file, options);
  BertWeights weights;
  WY_TRY(weights.shape, read_shape(loader));
  const std::size_t width = weights.shape.width;
  WY_TRY(weights.tokens, loader.table("token_embd.weight", width));
  WY_RETURN_IF_ERROR(read_places(loader, weights));
  WY_RETURN_IF_ERROR(read_token_types(loader, weights));
  WY_TRY(weights.embedding_norm, read_norm(loader, "token_embd_norm", width));
  for (std::size_t i = 0; i < weights.shape.layers; ++i) {
    WY_TRY(BertLayer layer, read_layer(loader, weights.shape, weights.rotation.size(), i));
    weights.layers.push_back(std::move(layer));
  }
  if (weights.shape.pooling == Pooling::rank) {
    WY_TRY(weights.classifier, read_classifier(loader, width));
  }
  return weights;
}

}  // namespace wenyuan::llm
