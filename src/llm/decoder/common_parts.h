// What the files of most decoder architectures say in the same way.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/result.h"
#include "llm/decoder/grouped_attention.h"
#include "llm/decoder/router.h"
#include "llm/decoder/transformer.h"
#include "llm/weights.h"

namespace wenyuan::llm {

struct CommonShape {
  std::size_t layers = 0;
  std::size_t width = 0;
  std::size_t heads = 0;
  std::size_t context = 0;
  float epsilon = 0;

  static Result<CommonShape> read(const WeightLoader& loader);
};

// Width of the dense feed-forward blocks.
Result<std::size_t> read_inner_width(const WeightLoader& loader);
// Width of one expert; some files say it as the width of the dense blocks.
Result<std::size_t> read_expert_width(const WeightLoader& loader);

// Key heads, head size and the usual scale.
Result<GroupedShape> read_grouped(const WeightLoader& loader, const CommonShape& common,
                                  PairOrder pairs);
// How many numbers of a head are turned.
Result<std::size_t> read_rotated(const WeightLoader& loader, std::size_t head_size);

compute::KeyValueType cache_type(const WeightLoader& loader);

// Makes one layer's blocks; the norms before them are read for it.
using LoadLayer = std::function<Status(std::size_t layer, DecoderLayer& out)>;
// Embeddings, layers, last norm and output. `parts` has the rotations already.
Status load_common(const WeightLoader& loader, const CommonShape& common,
                   const LoadLayer& load_layer, DecoderParts& parts);

// A decoder of grouped attention and of experts without shared ones in every layer.
Result<DecoderParts> load_expert_decoder(const WeightLoader& loader, PairOrder pairs,
                                         const RouterShape::Defaults& defaults);

// Adds a rotation to the parts, for attentions to refer to.
const Rotation& add_rotation(DecoderParts& parts, Rotation rotation);

}  // namespace wenyuan::llm
