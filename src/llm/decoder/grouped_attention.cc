#include "llm/decoder/grouped_attention.h"

#include <algorithm>
#include <array>

namespace wenyuan::llm {
namespace {

// Queries of how many tokens to take against the keys at once, given the query heads of a key head.
std::size_t tokens_per_block(std::size_t group) {
  const std::size_t most = compute::kQueriesMax / group;
  return most >= 8 ? most / 8 * 8 : most;
}

std::vector<float> reordered(const std::vector<float>& values,
                             const std::vector<std::size_t>& order) {
  std::vector<float> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = values[order[i]];
  return result;
}

}  // namespace

Result<GroupedAttention::Projection> GroupedAttention::load_turned(
    const WeightLoader& loader, const std::string& name, std::size_t width, std::size_t heads,
    const GroupedShape& shape, std::size_t turned) {
  const auto order = row_order(shape.pairs, heads, shape.head_size, turned);
  Projection projection;
  WY_TRY(projection.matrix,
         loader.matrix_in_order(name + ".weight", width, heads * shape.head_size, order));
  WY_TRY(const auto bias, loader.vector_if_any(name + ".bias", heads * shape.head_size));
  projection.bias = reordered(bias, order);
  const std::string norm = name + "_norm.weight";
  if (!loader.has(norm)) return projection;
  const bool is_of_a_head = loader.element_count(norm) == shape.head_size;
  WY_TRY(const auto values, loader.vector(norm, (is_of_a_head ? 1 : heads) * shape.head_size));
  projection.norm = reordered(values, order);
  return projection;
}

Result<std::unique_ptr<Attention>> GroupedAttention::load(const WeightLoader& loader,
                                                          std::size_t layer, std::size_t width,
                                                          const GroupedShape& shape,
                                                          const Rotation& rotation) {
  const std::string prefix = "blk." + std::to_string(layer) + ".attn_";
  std::unique_ptr<GroupedAttention> own(new GroupedAttention(shape, rotation));
  const std::size_t value_width = shape.key_heads * shape.head_size;
  WY_TRY(own->query_,
         load_turned(loader, prefix + "q", width, shape.heads, shape, rotation.size()));
  WY_TRY(own->key_,
         load_turned(loader, prefix + "k", width, shape.key_heads, shape, rotation.size()));
  WY_TRY(own->value_.matrix, loader.matrix(prefix + "v.weight", width, value_width));
  WY_TRY(own->value_.bias, loader.vector_if_any(prefix + "v.bias", value_width));
  WY_TRY(own->output_,
         loader.matrix(prefix + "output.weight", shape.heads * shape.head_size, width));
  WY_TRY(own->output_bias_, loader.vector_if_any(prefix + "output.bias", width));
  return std::unique_ptr<Attention>(std::move(own));
}

std::unique_ptr<LayerCache> GroupedAttention::new_cache() const {
  return std::make_unique<KeyValueCache>(
      KeyValueShape{shape_.key_heads, shape_.head_size, shape_.window, shape_.cache_type});
}

void GroupedAttention::run(Stream& stream, const Pass& pass, std::size_t first, LayerCache& cache,
                           const std::vector<float>& norm, const BlockOutput& out) {
  auto& own = static_cast<KeyValueCache&>(cache);
  own.move_window(pass.begin);
  const std::size_t query_width = shape_.heads * shape_.head_size;
  const std::size_t key_width = shape_.key_heads * shape_.head_size;
  const Buffers buffers{stream.room(Stream::Room::queries, pass.count * query_width),
                        stream.room(Stream::Room::keys, pass.count * key_width),
                        stream.room(Stream::Room::values, pass.count * key_width),
                        stream.room(Stream::Room::attended, pass.count * query_width)};
  {
    const Timed timed(stream, Operator::attention_input);
    project(stream, pass.count, norm, buffers);
    for_rows(stream.threads, pass.count, [&](std::size_t row) {
      place(buffers.queries + row * query_width, shape_.heads, row, query_.norm, stream);
      place(buffers.keys + row * key_width, shape_.key_heads, row, key_.norm, stream);
      own.store(pass.begin + row, buffers.keys + row * key_width, buffers.values + row * key_width,
                stream.kernels);
    });
  }
  if (first == pass.count) return;
  {
    const Timed timed(stream, Operator::attention);
    attend(stream, pass, first, own, buffers);
  }
  const Timed timed(stream, Operator::attention_output);
  const std::size_t rows = pass.count - first;
  stream.fill(stream.activations, buffers.attended + first * query_width, rows, query_width,
              output_.form());
  const compute::Product product{.matrix = &output_,
                                 .bias = output_bias_,
                                 .out = out.rows,
                                 .stride = stream.width,
                                 .add = out.add};
  compute::multiply(stream.activations, {&product, 1}, stream.threads);
}

void GroupedAttention::project(Stream& stream, std::size_t rows, const std::vector<float>& norm,
                               const Buffers& buffers) const {
  compute::ActivationForms forms = query_.matrix.form();
  forms.add(key_.matrix.form());
  forms.add(value_.matrix.form());
  stream.fill_normed(norm, rows, forms);
  const std::size_t query_width = shape_.heads * shape_.head_size;
  const std::size_t key_width = shape_.key_heads * shape_.head_size;
  const auto product = [](const Projection& projection, float* to, std::size_t stride) {
    return compute::Product{
        .matrix = &projection.matrix, .bias = projection.bias, .out = to, .stride = stride};
  };
  const std::array<compute::Product, 3> products = {
      product(query_, buffers.queries, query_width),
      product(key_, buffers.keys, key_width),
      product(value_, buffers.values, key_width),
  };
  compute::multiply(stream.activations, products, stream.threads);
}

// Norms one token's heads and turns them to its position.
void GroupedAttention::place(float* heads, std::size_t count, std::size_t row,
                             const std::vector<float>& norm, const Stream& stream) const {
  const std::size_t size = shape_.head_size;
  const std::size_t step = norm.size() == size ? size : count * size;
  for (std::size_t at = 0; !norm.empty() && at < count * size; at += step) {
    stream.kernels.rows.rms_norm(heads + at, norm.data(), step, stream.epsilon, heads + at);
  }
  for (std::size_t i = 0; i < count; ++i) rotation_.turn(heads + i * size, row, stream.kernels);
}

void GroupedAttention::gather(const KeyValueCache& cache, std::size_t head, const Queries& queries,
                              const compute::Kernels& kernels) const {
  const std::size_t size = shape_.head_size;
  const std::size_t keys = queries.visible.back().end;
  if (shape_.cache_type == compute::KeyValueType::f32) {
    compute::attend({.queries = queries.values,
                     .visible = queries.visible,
                     .blocks = cache.tiles(head, keys),
                     .key_size = size,
                     .value_size = size,
                     .type = shape_.cache_type,
                     .out = queries.out},
                    kernels);
    return;
  }
  const std::size_t count = queries.visible.size();
  std::array<float, compute::kQueriesMax> largest;
  std::array<float, compute::kQueriesMax> sums;
  const compute::AttentionState state{largest.data(), sums.data(), queries.out, size};
  compute::reset(state, count, size);
  if (shape_.cache_type == compute::KeyValueType::f16) {
    gather_fixed(cache, head, queries, state, kernels);
  } else {
    compute::attend_rows({.queries = queries.values,
                          .query_stride = size,
                          .visible = queries.visible,
                          .blocks = cache.rows(head, keys),
                          .first_key = 0,
                          .key_size = size,
                          .value_size = size,
                          .type = shape_.cache_type,
                          .state = state},
                         kernels);
  }
  compute::finish(state, count, size, kernels);
}

void GroupedAttention::gather_fixed(const KeyValueCache& cache, std::size_t head,
                                    const Queries& queries, const compute::AttentionState& state,
                                    const compute::Kernels& kernels) const {
  alignas(64) std::array<std::int16_t, compute::kQueriesMax * compute::kHeadSizeMax> numbers;
  std::array<float, compute::kQueriesMax> scales;
  const compute::FixedQueries fixed{numbers.data(), nullptr, scales.data()};
  for (std::size_t i = 0; i < queries.visible.size(); ++i) {
    compute::store_query(cache.fixed_shape(), queries.values + i * shape_.head_size, kernels, i,
                         fixed);
  }
  compute::attend_fixed({.queries = fixed,
                         .visible = queries.visible,
                         .blocks = cache.blocks(head, queries.visible.back().end),
                         .first_key = 0,
                         .shape = cache.fixed_shape(),
                         .state = state},
                        kernels);
}

void GroupedAttention::attend(Stream& stream, const Pass& pass, std::size_t first,
                              const LayerCache& cache, const Buffers& buffers) const {
  const auto& own = static_cast<const KeyValueCache&>(cache);
  const std::size_t group = shape_.heads / shape_.key_heads;
  const std::size_t size = shape_.head_size;
  const std::size_t block = tokens_per_block(group);
  const std::size_t blocks = (pass.count - first + block - 1) / block;
  // All query heads of one key head, for some tokens.
  const auto work = [&](std::size_t piece) {
    const std::size_t head = piece % shape_.key_heads;
    const std::size_t row = first + piece / shape_.key_heads * block;
    const std::size_t queries_count = std::min(block, pass.count - row) * group;
    alignas(64) std::array<float, compute::kQueriesMax * compute::kHeadSizeMax> queries;
    alignas(64) std::array<float, compute::kQueriesMax * compute::kHeadSizeMax> attended;
    std::array<compute::KeyRange, compute::kQueriesMax> visible;
    const auto place_of = [&](std::size_t i) {
      return ((row + i / group) * shape_.heads + head * group + i % group) * size;
    };
    for (std::size_t i = 0; i < queries_count; ++i) {
      const std::size_t end = pass.begin + row + i / group + 1;
      visible[i] = {shape_.window != 0 && end > shape_.window ? end - shape_.window : 0, end};
      const float* query = buffers.queries + place_of(i);
      for (std::size_t k = 0; k < size; ++k) queries[i * size + k] = query[k] * shape_.scale;
    }
    gather(own, head, {queries.data(), {visible.data(), queries_count}, attended.data()},
           stream.kernels);
    for (std::size_t i = 0; i < queries_count; ++i) {
      std::copy_n(attended.data() + i * size, size, buffers.attended + place_of(i));
    }
  };
  stream.threads.parallel_for(blocks * shape_.key_heads, work);
}

}  // namespace wenyuan::llm
