#include "llm/decoder/common_parts.h"

#include <cmath>

#include "llm/decoder/experts.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kLayersMax = 512;
constexpr std::size_t kWidthMax = 1U << 16;
constexpr std::size_t kInnerWidthMax = 1U << 20;
constexpr std::size_t kHeadsMax = 1024;
constexpr std::size_t kContextMax = 1U << 24;

}  // namespace

Result<CommonShape> CommonShape::read(const WeightLoader& loader) {
  CommonShape shape;
  WY_TRY(shape.layers, loader.size("block_count", 1, kLayersMax));
  WY_TRY(shape.width, loader.size("embedding_length", 1, kWidthMax));
  WY_TRY(shape.heads, loader.size("attention.head_count", 1, kHeadsMax));
  WY_TRY(shape.context, loader.size("context_length", 1, kContextMax));
  WY_TRY(shape.epsilon, loader.real("attention.layer_norm_rms_epsilon"));
  return shape;
}

Result<std::size_t> read_inner_width(const WeightLoader& loader) {
  return loader.size("feed_forward_length", 1, kInnerWidthMax);
}

Result<std::size_t> read_expert_width(const WeightLoader& loader) {
  WY_TRY(const std::size_t inner, loader.size_or("feed_forward_length", 1, 0, kInnerWidthMax));
  return loader.size_or("expert_feed_forward_length", inner, 1, kInnerWidthMax);
}

Result<GroupedShape> read_grouped(const WeightLoader& loader, const CommonShape& common,
                                  PairOrder pairs) {
  GroupedShape shape;
  shape.heads = common.heads;
  shape.pairs = pairs;
  shape.cache_type = cache_type(loader);
  WY_TRY(shape.key_heads, loader.size_or("attention.head_count_kv", common.heads, 1, common.heads));
  WY_TRY(shape.head_size, loader.size_or("attention.key_length", common.width / common.heads, 1,
                                         compute::kHeadSizeMax));
  WY_TRY(const std::size_t value_size,
         loader.size_or("attention.value_length", shape.head_size, 1, compute::kHeadSizeMax));
  if (shape.head_size > compute::kHeadSizeMax || shape.head_size % compute::kTileRows != 0 ||
      value_size != shape.head_size) {
    return Error{ErrorCode::unsupported_media, "attention heads of " +
                                                   std::to_string(shape.head_size) + " and " +
                                                   std::to_string(value_size) + " numbers"};
  }
  if (shape.cache_type == compute::KeyValueType::q8_0 && shape.head_size % 32 != 0) {
    shape.cache_type = compute::KeyValueType::f16;
  }
  if (shape.heads % shape.key_heads != 0 || shape.heads / shape.key_heads > compute::kQueriesMax) {
    return Error{ErrorCode::unsupported_media, std::to_string(shape.heads) + " query heads for " +
                                                   std::to_string(shape.key_heads) + " key heads"};
  }
  shape.scale = 1.0F / std::sqrt(static_cast<float>(shape.head_size));
  return shape;
}

Result<std::size_t> read_rotated(const WeightLoader& loader, std::size_t head_size) {
  WY_TRY(const std::size_t rotated,
         loader.size_or("rope.dimension_count", head_size, 2, kInnerWidthMax));
  if (rotated > head_size || rotated % 2 != 0) {
    return Error{ErrorCode::corrupt, "rope.dimension_count is not an even part of a head"};
  }
  return rotated;
}

compute::KeyValueType cache_type(const WeightLoader& loader) {
  if (loader.options().cache) return *loader.options().cache;
  // A file that keeps its weights in single precision is not to lose it here.
  const TensorView* output = loader.file().tensor("blk.0.attn_output.weight");
  const bool is_single = output != nullptr && output->type == TensorType::f32;
  return is_single || loader.options().precision == compute::Precision::exact
             ? compute::KeyValueType::f32
             : compute::KeyValueType::f16;
}

Status load_common(const WeightLoader& loader, const CommonShape& common,
                   const LoadLayer& load_layer, DecoderParts& parts) {
  parts.width = common.width;
  parts.context = common.context;
  parts.epsilon = common.epsilon;
  WY_TRY(parts.embeddings, loader.table("token_embd.weight", common.width));
  for (std::size_t i = 0; i < common.layers; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    DecoderLayer layer;
    WY_TRY(layer.attention_norm, loader.vector(prefix + "attn_norm.weight", common.width));
    WY_TRY(layer.inner_norm, loader.vector(prefix + "ffn_norm.weight", common.width));
    WY_RETURN_IF_ERROR(load_layer(i, layer));
    parts.layers.push_back(std::move(layer));
  }
  WY_TRY(parts.output_norm, loader.vector("output_norm.weight", common.width));
  const char* output = loader.has("output.weight") ? "output.weight" : "token_embd.weight";
  WY_TRY(parts.output, loader.matrix(output, common.width, parts.embeddings.size()));
  return Done{};
}

Result<DecoderParts> load_expert_decoder(const WeightLoader& loader, PairOrder pairs,
                                         const RouterShape::Defaults& defaults) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const GroupedShape grouped, read_grouped(loader, common, pairs));
  WY_TRY(Rotation read, Rotation::read(loader, grouped.head_size));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  ExpertsShape experts;
  WY_TRY(experts.router, RouterShape::read(loader, defaults));
  WY_TRY(experts.inner, read_expert_width(loader));
  WY_RETURN_IF_ERROR(load_common(
      loader, common,
      [&](std::size_t i, DecoderLayer& layer) -> Status {
        WY_TRY(layer.attention, GroupedAttention::load(loader, i, common.width, grouped, rotation));
        WY_TRY(layer.feed_forward, ExpertFeedForward::load(loader, i, common.width, experts));
        return Done{};
      },
      parts));
  return parts;
}

const Rotation& add_rotation(DecoderParts& parts, Rotation rotation) {
  parts.rotations.push_back(std::make_unique<Rotation>(std::move(rotation)));
  return *parts.rotations.back();
}

}  // namespace wenyuan::llm
