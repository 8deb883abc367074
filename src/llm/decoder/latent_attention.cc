#include "llm/decoder/latent_attention.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace wenyuan::llm {
namespace {

using compute::FixedQueries;
using compute::kKeysPerBlock;
using compute::kQueriesMax;

// Keys that one piece of work takes of a long context, fixed so that the order of the sums is.
constexpr std::size_t kKeysPerStretch = 2 * kKeysPerBlock;
// Keys that are expanded at once.
constexpr std::size_t kKeysPerExpansion = 8 * kKeysPerBlock;

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace

bool LatentAttention::is_absorbed_cheaper(const LatentShape& shape, std::size_t rows,
                                          std::size_t keys) {
  // Multiplications for each head.
  const std::size_t absorbed = rows * keys * (shape.row() + shape.latent) +
                               rows * shape.latent * (shape.plain + shape.value);
  const std::size_t expanded =
      rows * keys * (shape.key() + shape.value) + keys * shape.latent * (shape.plain + shape.value);
  return absorbed <= expanded;
}

void LatentAttention::run(Stream& stream, const Pass& pass, std::size_t first, LayerCache& cache,
                          const std::vector<float>& norm, const BlockOutput& out) {
  auto& own = static_cast<LatentCache&>(cache);
  const std::size_t width = shape_.heads * shape_.value;
  Buffers buffers{stream.room(Stream::Room::queries, pass.count * shape_.heads * shape_.key()),
                  stream.room(Stream::Room::keys, pass.count * shape_.row()),
                  stream.room(Stream::Room::attended, pass.count * width)};
  {
    const Timed timed(stream, Operator::attention_input);
    project(stream, pass, norm, own, buffers);
  }
  if (first == pass.count) return;
  const std::size_t rows = pass.count - first;
  buffers.queries += first * shape_.heads * shape_.key();
  {
    const Timed timed(stream, Operator::attention);
    if (is_absorbed_cheaper(shape_, rows, pass.begin + pass.count)) {
      attend_absorbed(stream, pass.begin + first, rows, own, buffers);
    } else {
      attend_expanded(stream, pass.begin + first, rows, own, buffers);
    }
  }
  const Timed timed(stream, Operator::attention_output);
  stream.fill(stream.activations, buffers.attended, rows, width, output_.form());
  const compute::Product product{
      .matrix = &output_, .out = out.rows, .stride = stream.width, .add = out.add};
  compute::multiply(stream.activations, {&product, 1}, stream.threads);
}

void LatentAttention::project(Stream& stream, const Pass& pass, const std::vector<float>& norm,
                              LatentCache& cache, const Buffers& buffers) const {
  const bool is_direct = shape_.query_rank == 0;
  const compute::Matrix& first = is_direct ? query_ : query_down_;
  float* first_out = is_direct ? buffers.queries
                               : stream.room(Stream::Room::values, pass.count * shape_.query_rank);
  compute::ActivationForms forms = latent_.form();
  forms.add(first.form());
  stream.fill_normed(norm, pass.count, forms);
  const std::array<compute::Product, 2> products = {{
      {.matrix = &first, .out = first_out, .stride = first.outputs()},
      {.matrix = &latent_, .out = buffers.latents, .stride = shape_.row()},
  }};
  compute::multiply(stream.activations, products, stream.threads);
  if (!is_direct) project_queries(stream, pass.count, buffers);
  for_rows(stream.threads, pass.count, [&](std::size_t row) {
    float* heads = buffers.queries + row * shape_.heads * shape_.key();
    for (std::size_t i = 0; i < shape_.heads; ++i) {
      rotation_.turn(heads + i * shape_.key() + shape_.plain, row, stream.kernels);
    }
    float* latent = buffers.latents + row * shape_.row();
    stream.kernels.rows.rms_norm(latent, latent_norm_.data(), shape_.latent, stream.epsilon,
                                 latent);
    rotation_.turn(latent + shape_.latent, row, stream.kernels);
    cache.store(pass.begin + row, latent, stream.kernels);
  });
}

void LatentAttention::project_queries(Stream& stream, std::size_t rows,
                                      const Buffers& buffers) const {
  const float* low = stream.room(Stream::Room::values, rows * shape_.query_rank);
  stream.activations.fill(
      rows, shape_.query_rank, query_.form(), stream.threads, [&](std::size_t row, float* to) {
        stream.kernels.rows.rms_norm(low + row * shape_.query_rank, query_norm_.data(),
                                     shape_.query_rank, stream.epsilon, to);
      });
  const compute::Product product{
      .matrix = &query_, .out = buffers.queries, .stride = query_.outputs()};
  compute::multiply(stream.activations, {&product, 1}, stream.threads);
}

void LatentAttention::attend_absorbed(Stream& stream, std::size_t begin, std::size_t rows,
                                      const LatentCache& cache, const Buffers& buffers) {
  const std::size_t heads = shape_.heads;
  float* queries = stream.room(Stream::Room::gates, rows * heads * shape_.row());
  float* gathered = stream.room(Stream::Room::ups, rows * heads * shape_.latent);
  // A head's rows one behind the other, so that each head's matrix is read once.
  stream.gathered.fill(
      heads * rows, shape_.plain, absorb_.form(), stream.threads, [&](std::size_t i, float* to) {
        const float* from = buffers.queries + (i % rows * heads + i / rows) * shape_.key();
        std::copy_n(from, shape_.plain, to);
      });
  std::vector<compute::Product> products;
  for (std::size_t head = 0; head < heads; ++head) {
    products.push_back({.matrix = &absorb_,
                        .out = queries + head * shape_.row(),
                        .stride = heads * shape_.row(),
                        .part = head,
                        .rows = {head * rows, rows}});
  }
  compute::multiply(stream.gathered, products, stream.threads);
  for_rows(stream.threads, rows, [&](std::size_t row) {
    for (std::size_t head = 0; head < heads; ++head) {
      const float* from = buffers.queries + (row * heads + head) * shape_.key() + shape_.plain;
      float* query = queries + (row * heads + head) * shape_.row();
      std::copy_n(from, shape_.turned, query + shape_.latent);
      stream.kernels.rows.scale(query, shape_.row(), shape_.scale);
    }
  });
  gather_absorbed(stream, {begin, rows}, cache, queries, gathered);
  stream.gathered.fill(
      heads * rows, shape_.latent, values_.form(), stream.threads, [&](std::size_t i, float* to) {
        std::copy_n(gathered + (i % rows * heads + i / rows) * shape_.latent, shape_.latent, to);
      });
  for (std::size_t head = 0; head < heads; ++head) {
    products[head].matrix = &values_;
    products[head].out = buffers.attended + head * shape_.value;
    products[head].stride = heads * shape_.value;
  }
  compute::multiply(stream.gathered, products, stream.threads);
}

// Every piece takes up to kQueriesMax heads of one token along one stretch of the keys; what the
// stretches gave is merged in their order.
void LatentAttention::gather_absorbed(Stream& stream, const Pass& pass, const LatentCache& cache,
                                      const float* queries, float* gathered) {
  const std::size_t heads = shape_.heads;
  const std::size_t groups = divide_up(heads, kQueriesMax);
  const std::size_t stretches = divide_up(pass.begin + pass.count, kKeysPerStretch);
  const std::size_t count = pass.count * heads;
  float* partial = stream.room(Stream::Room::downs, stretches * count * (shape_.latent + 2));
  // Of one stretch: the values of all queries, then their maxima, then their sums.
  const auto state_of = [&](std::size_t stretch, std::size_t query) {
    float* base = partial + stretch * count * (shape_.latent + 2);
    return compute::AttentionState{.largest = base + count * shape_.latent + query,
                                   .sums = base + count * (shape_.latent + 1) + query,
                                   .values = base + query * shape_.latent,
                                   .value_stride = shape_.latent};
  };
  const FixedQueries fixed = fix(stream, count, cache, queries);
  stream.threads.parallel_for(stretches * pass.count * groups, [&](std::size_t piece) {
    const std::size_t stretch = piece / (pass.count * groups);
    const std::size_t row = piece % (pass.count * groups) / groups;
    const std::size_t head = piece % groups * kQueriesMax;
    const std::size_t size = std::min(kQueriesMax, heads - head);
    const std::size_t query = row * heads + head;
    const std::size_t from = stretch * kKeysPerStretch;
    const std::size_t end = pass.begin + row + 1;
    const auto state = state_of(stretch, query);
    compute::reset(state, size, shape_.latent);
    if (from < end) {
      attend_stretch(stream.kernels, cache, {from, std::min(end, from + kKeysPerStretch)},
                     {queries, fixed, query, size}, state);
    }
  });
  for_rows(stream.threads, count, [&](std::size_t query) {
    const auto all = state_of(0, query);
    for (std::size_t i = 1; i < stretches; ++i) {
      compute::merge(state_of(i, query), 1, shape_.latent, stream.kernels, all);
    }
    compute::finish(all, 1, shape_.latent, stream.kernels);
    std::copy_n(all.values, shape_.latent, gathered + query * shape_.latent);
  });
}

// The queries as integers, if the cache has integers.
FixedQueries LatentAttention::fix(Stream& stream, std::size_t count, const LatentCache& cache,
                                  const float* queries) {
  if (shape_.cache_type != compute::KeyValueType::f16) return {};
  if (fixed_numbers_.size() < count * shape_.row()) fixed_numbers_.resize(count * shape_.row());
  float* scales = stream.room(Stream::Room::sums, 2 * count);
  const FixedQueries fixed{fixed_numbers_.data(), scales, scales + count};
  for_rows(stream.threads, count, [&](std::size_t query) {
    compute::store_query(cache.shape(), queries + query * shape_.row(), stream.kernels, query,
                         fixed);
  });
  return fixed;
}

void LatentAttention::attend_stretch(const compute::Kernels& kernels, const LatentCache& cache,
                                     const compute::KeyRange& keys, const Queries& queries,
                                     const compute::AttentionState& state) const {
  std::array<compute::KeyRange, kQueriesMax> visible;
  visible.fill(keys);
  if (shape_.cache_type == compute::KeyValueType::f16) {
    const auto blocks = cache.blocks(keys.begin, keys.end);
    compute::attend_fixed({.queries = {queries.fixed.numbers + queries.begin * shape_.row(),
                                       queries.fixed.row_scales + queries.begin,
                                       queries.fixed.tiled_scales + queries.begin},
                           .visible = {visible.data(), queries.count},
                           .blocks = blocks,
                           .first_key = keys.begin,
                           .shape = cache.shape(),
                           .state = state},
                          kernels);
    return;
  }
  const auto rows = cache.rows(keys.begin, keys.end);
  compute::attend_rows({.queries = queries.numbers + queries.begin * shape_.row(),
                        .query_stride = shape_.row(),
                        .visible = {visible.data(), queries.count},
                        .blocks = rows,
                        .first_key = keys.begin,
                        .key_size = shape_.row(),
                        .value_size = shape_.latent,
                        .type = shape_.cache_type,
                        .state = state},
                       kernels);
}

void LatentAttention::attend_expanded(Stream& stream, std::size_t begin, std::size_t rows,
                                      const LatentCache& cache, const Buffers& buffers) const {
  const std::size_t heads = shape_.heads;
  const std::size_t end = begin + rows;
  const std::size_t step = std::min(end, kKeysPerExpansion);
  float* keys = stream.room(Stream::Room::gates, heads * step * shape_.key());
  float* values = stream.room(Stream::Room::ups, heads * step * shape_.value);
  float* sums = stream.room(Stream::Room::sums, 2 * rows * heads);
  const auto state_of = [&](std::size_t row, std::size_t head) {
    const std::size_t query = head * rows + row;
    return compute::AttentionState{.largest = sums + query,
                                   .sums = sums + rows * heads + query,
                                   .values = buffers.attended + (row * heads + head) * shape_.value,
                                   .value_stride = heads * shape_.value};
  };
  for_rows(stream.threads, rows, [&](std::size_t row) {
    float* queries = buffers.queries + row * heads * shape_.key();
    stream.kernels.rows.scale(queries, heads * shape_.key(), shape_.scale);
    for (std::size_t head = 0; head < heads; ++head) {
      compute::reset(state_of(row, head), 1, shape_.value);
    }
  });
  const std::size_t groups = divide_up(rows, kQueriesMax);
  for (std::size_t from = 0; from < end; from += step) {
    const std::size_t count = std::min(step, end - from);
    expand(stream, cache, {from, count, step}, keys, values);
    stream.threads.parallel_for(heads * groups, [&](std::size_t piece) {
      const std::size_t head = piece / groups;
      const std::size_t row = piece % groups * kQueriesMax;
      const std::size_t size = std::min(kQueriesMax, rows - row);
      std::array<compute::KeyRange, kQueriesMax> visible;
      for (std::size_t i = 0; i < size; ++i) visible[i] = {0, begin + row + i + 1};
      std::array<compute::KeyRows, kKeysPerExpansion / kKeysPerBlock> blocks;
      std::size_t block_count = 0;
      for (std::size_t at = 0; at < count; at += kKeysPerBlock) {
        blocks[block_count++] = {.keys = keys + (head * step + at) * shape_.key(),
                                 .values = values + (head * step + at) * shape_.value,
                                 .key_stride = shape_.key() * sizeof(float),
                                 .value_stride = shape_.value * sizeof(float),
                                 .count = std::min(kKeysPerBlock, count - at)};
      }
      compute::attend_rows({.queries = buffers.queries + (row * heads + head) * shape_.key(),
                            .query_stride = heads * shape_.key(),
                            .visible = {visible.data(), size},
                            .blocks = {blocks.data(), block_count},
                            .first_key = from,
                            .key_size = shape_.key(),
                            .value_size = shape_.value,
                            .type = compute::KeyValueType::f32,
                            .state = state_of(row, head)},
                           stream.kernels);
    });
  }
  for_rows(stream.threads, rows, [&](std::size_t row) {
    for (std::size_t head = 0; head < heads; ++head) {
      compute::finish(state_of(row, head), 1, shape_.value, stream.kernels);
    }
  });
}

void LatentAttention::expand(Stream& stream, const LatentCache& cache, const Stretch& stretch,
                             float* keys, float* values) const {
  float* rows = stream.room(Stream::Room::downs, stretch.count * shape_.row());
  for_rows(stream.threads, stretch.count, [&](std::size_t i) {
    cache.read(stretch.begin + i, stream.kernels, rows + i * shape_.row());
  });
  compute::ActivationForms forms = expand_.form();
  forms.add(values_.form());
  stream.gathered.fill(
      stretch.count, shape_.latent, forms, stream.threads,
      [&](std::size_t i, float* to) { std::copy_n(rows + i * shape_.row(), shape_.latent, to); });
  std::vector<compute::Product> products;
  for (std::size_t head = 0; head < shape_.heads; ++head) {
    products.push_back({.matrix = &expand_,
                        .out = keys + head * stretch.step * shape_.key(),
                        .stride = shape_.key(),
                        .part = head});
    products.push_back({.matrix = &values_,
                        .out = values + head * stretch.step * shape_.value,
                        .stride = shape_.value,
                        .part = head});
  }
  compute::multiply(stream.gathered, products, stream.threads);
  for_rows(stream.threads, stretch.count, [&](std::size_t i) {
    const float* turned = rows + i * shape_.row() + shape_.latent;
    for (std::size_t head = 0; head < shape_.heads; ++head) {
      std::copy_n(turned, shape_.turned,
                  keys + (head * stretch.step + i) * shape_.key() + shape_.plain);
    }
  });
}

}  // namespace wenyuan::llm
