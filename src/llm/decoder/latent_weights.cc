#include "compute/row_attention.h"
#include "llm/decoder/latent_attention.h"
#include "llm/weight_formats.h"

namespace wenyuan::llm {
namespace {

// Of each of `parts` matrices of `rows` x `columns`, its transpose.
std::vector<float> transposed(const std::vector<float>& values, std::size_t parts, std::size_t rows,
                              std::size_t columns) {
  std::vector<float> result(values.size());
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t base = part * rows * columns;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t k = 0; k < columns; ++k) {
        result[base + k * rows + i] = values[base + i * columns + k];
      }
    }
  }
  return result;
}

// Matrices made of numbers that were decoded from the tensor `name`, transposed, so that their
// blocks are others: 8 bits lose next to nothing of what fewer bits have left.
Result<compute::Matrix> rearranged(const WeightLoader& loader, const std::string& name,
                                   std::size_t inputs, std::size_t outputs, std::size_t parts,
                                   const std::vector<float>& values) {
  using compute::WeightType;
  const auto type = weight_type_of(loader.file().tensor(name)->type);
  const LoadOptions& options = loader.options();
  const bool is_quantised = type && compute::weight_block(*type).elements > 1;
  if (!is_quantised || options.precision == compute::Precision::exact ||
      inputs % compute::weight_block(WeightType::q8_0).elements != 0) {
    return loader.stack_of_floats(name, inputs, outputs, parts, values);
  }
  const std::size_t part = inputs * outputs;
  const std::size_t bytes = compute::row_bytes(WeightType::q8_0, part);
  std::vector<std::uint8_t> blocks(parts * bytes);
  const auto round = [&](std::size_t i) {
    compute::store_row(values.data() + i * part, part, compute::KeyValueType::q8_0,
                       *options.kernels, blocks.data() + i * bytes);
  };
  if (options.threads != nullptr) {
    options.threads->parallel_for(parts, round);
  } else {
    for (std::size_t i = 0; i < parts; ++i) round(i);
  }
  return compute::Matrix::create_stack(WeightType::q8_0, inputs, outputs, parts, blocks,
                                       {options.precision, options.threads});
}

}  // namespace

Result<std::unique_ptr<Attention>> LatentAttention::load(const WeightLoader& loader,
                                                         std::size_t layer, std::size_t width,
                                                         const LatentShape& shape,
                                                         const Rotation& rotation) {
  const std::string prefix = "blk." + std::to_string(layer) + ".attn_";
  std::unique_ptr<LatentAttention> own(new LatentAttention(shape, rotation));
  const std::size_t query_width = shape.heads * shape.key();
  if (shape.query_rank == 0) {
    WY_TRY(own->query_, loader.matrix(prefix + "q.weight", width, query_width));
  } else {
    WY_TRY(own->query_down_, loader.matrix(prefix + "q_a.weight", width, shape.query_rank));
    WY_TRY(own->query_norm_, loader.vector(prefix + "q_a_norm.weight", shape.query_rank));
    WY_TRY(own->query_, loader.matrix(prefix + "q_b.weight", shape.query_rank, query_width));
  }
  WY_TRY(own->latent_, loader.matrix(prefix + "kv_a_mqa.weight", width, shape.row()));
  WY_TRY(own->latent_norm_, loader.vector(prefix + "kv_a_norm.weight", shape.latent));
  if (loader.has(prefix + "kv_b.weight")) {
    WY_RETURN_IF_ERROR(own->load_combined(loader, prefix));
  } else {
    WY_RETURN_IF_ERROR(own->load_split(loader, prefix));
  }
  WY_TRY(own->output_, loader.matrix(prefix + "output.weight", shape.heads * shape.value, width));
  return std::unique_ptr<Attention>(std::move(own));
}

// As newer files have it: the keys' part transposed, so that it is ready to be absorbed.
Status LatentAttention::load_split(const WeightLoader& loader, const std::string& prefix) {
  const std::string name = prefix + "k_b.weight";
  const std::size_t heads = shape_.heads;
  WY_TRY(absorb_, loader.stack(name, shape_.plain, shape_.latent, heads));
  WY_TRY(const auto values, loader.floats(name, heads * shape_.plain * shape_.latent));
  WY_TRY(expand_, rearranged(loader, name, shape_.latent, shape_.plain, heads,
                             transposed(values, heads, shape_.latent, shape_.plain)));
  WY_TRY(values_, loader.stack(prefix + "v_b.weight", shape_.latent, shape_.value, heads));
  return Done{};
}

// As older files have it: of each head the rows of its keys, then those of its values.
Status LatentAttention::load_combined(const WeightLoader& loader, const std::string& prefix) {
  const std::string name = prefix + "kv_b.weight";
  const std::size_t heads = shape_.heads;
  const std::size_t both = shape_.plain + shape_.value;
  std::vector<std::size_t> key_rows;
  std::vector<std::size_t> value_rows;
  for (std::size_t row = 0; row < heads * both; ++row) {
    (row % both < shape_.plain ? key_rows : value_rows).push_back(row);
  }
  WY_TRY(expand_, loader.matrix_in_order(name, shape_.latent, heads * both, key_rows, heads));
  WY_TRY(values_, loader.matrix_in_order(name, shape_.latent, heads * both, value_rows, heads));
  WY_TRY(const auto all, loader.floats(name, heads * both * shape_.latent));
  std::vector<float> keys;
  keys.reserve(heads * shape_.plain * shape_.latent);
  for (const std::size_t row : key_rows) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(row * shape_.latent);
    keys.insert(keys.end(), from, from + static_cast<std::ptrdiff_t>(shape_.latent));
  }
  WY_TRY(absorb_, rearranged(loader, name, shape_.plain, shape_.latent, heads,
                             transposed(keys, heads, shape_.plain, shape_.latent)));
  return Done{};
}

}  // namespace wenyuan::llm
