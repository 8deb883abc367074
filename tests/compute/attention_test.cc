#include "compute/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/compute/helpers.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kHeadSize = 32;

// Keys and values of one head in blocks, as floats.
struct Cache {
  Cache(const std::vector<float>& keys, const std::vector<float>& values) : stored_values(values) {
    const std::size_t count = values.size() / kHeadSize;
    const std::size_t block_count = (count + kKeysPerBlock - 1) / kKeysPerBlock;
    stored_keys.resize(block_count * kKeysPerBlock * kHeadSize);
    for (std::size_t at = 0; at < count; ++at) {
      float* block = stored_keys.data() + at / kKeysPerBlock * kKeysPerBlock * kHeadSize;
      store_key(keys.data() + at * kHeadSize, kHeadSize, at % kKeysPerBlock, block);
    }
    for (std::size_t at = 0; at < count; at += kKeysPerBlock) {
      blocks.push_back({stored_keys.data() + at * kHeadSize, stored_values.data() + at * kHeadSize,
                        kHeadSize, std::min(kKeysPerBlock, count - at)});
    }
  }
  std::vector<float> stored_keys;
  std::vector<float> stored_values;
  std::vector<KeyValueBlock> blocks;
};

std::vector<float> run(const Cache& cache, const std::vector<float>& queries,
                       const std::vector<KeyRange>& visible, const Kernels& kernels) {
  std::vector<float> out(queries.size());
  attend({.queries = queries.data(),
          .visible = visible,
          .blocks = cache.blocks,
          .key_size = kHeadSize,
          .value_size = kHeadSize,
          .type = KeyValueType::f32,
          .out = out.data()},
         kernels);
  return out;
}

std::vector<double> expected(const std::vector<float>& keys, const std::vector<float>& values,
                             const float* query, const KeyRange& visible) {
  std::vector<double> weights(visible.end);
  double sum = 0;
  for (std::size_t k = visible.begin; k < visible.end; ++k) {
    double score = 0;
    for (std::size_t i = 0; i < kHeadSize; ++i) {
      score += double{query[i]} * double{keys[k * kHeadSize + i]};
    }
    weights[k] = std::exp(score);
    sum += weights[k];
  }
  std::vector<double> out(kHeadSize);
  for (std::size_t k = visible.begin; k < visible.end; ++k) {
    for (std::size_t i = 0; i < kHeadSize; ++i) {
      out[i] += weights[k] / sum * double{values[k * kHeadSize + i]};
    }
  }
  return out;
}

TEST(Attention, IsTheSoftmaxOverWhatAQuerySees) {
  const std::size_t count = 300;
  const auto keys = random_floats(count * kHeadSize, 1);
  const auto values = random_floats(count * kHeadSize, 2);
  const auto queries = random_floats(5 * kHeadSize, 3, 2);
  const std::vector<KeyRange> visible = {{0, 1}, {0, 100}, {0, 128}, {100, 129}, {170, 300}};
  const Cache cache(keys, values);
  for (const Kernels* kernels : kernels_here()) {
    const auto out = run(cache, queries, visible, *kernels);
    for (std::size_t q = 0; q < visible.size(); ++q) {
      const auto right = expected(keys, values, queries.data() + q * kHeadSize, visible[q]);
      for (std::size_t i = 0; i < kHeadSize; ++i) {
        ASSERT_NEAR(out[q * kHeadSize + i], right[i], 2e-6) << kernels->name << " query " << q;
      }
    }
  }
}

TEST(Attention, GivesAQueryTheSameBitsAloneAndAmongOthers) {
  const std::size_t count = 290;
  const auto keys = random_floats(count * kHeadSize, 1);
  const auto values = random_floats(count * kHeadSize, 2);
  const auto queries = random_floats(11 * kHeadSize, 3, 3);
  const Cache cache(keys, values);
  std::vector<KeyRange> visible;
  for (std::size_t q = 0; q < 11; ++q) visible.push_back({q, 3 + 28 * q});
  for (const Kernels* kernels : kernels_here()) {
    const auto all = run(cache, queries, visible, *kernels);
    for (std::size_t q = 0; q < 11; ++q) {
      const std::vector<float> own(
          queries.begin() + static_cast<std::ptrdiff_t>(q * kHeadSize),
          queries.begin() + static_cast<std::ptrdiff_t>((q + 1) * kHeadSize));
      const auto alone = run(cache, own, {visible[q]}, *kernels);
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(),
                             all.begin() + static_cast<std::ptrdiff_t>(q * kHeadSize)))
          << kernels->name << " query " << q;
    }
  }
}

TEST(Attention, SurvivesScoresFarApart) {
  std::vector<float> keys(200 * kHeadSize);
  std::vector<float> values(200 * kHeadSize, 1.0F);
  for (std::size_t k = 0; k < 200; ++k) keys[k * kHeadSize] = k == 150 ? 1000.0F : -1000.0F;
  values[150 * kHeadSize + 3] = 7.0F;
  std::vector<float> query(kHeadSize);
  query[0] = 10.0F;
  const Cache cache(keys, values);
  for (const Kernels* kernels : kernels_here()) {
    const auto out = run(cache, query, {{0, 200}}, *kernels);
    EXPECT_FLOAT_EQ(out[3], 7.0F) << kernels->name;
    EXPECT_FLOAT_EQ(out[4], 1.0F) << kernels->name;
  }
}

}  // namespace
}  // namespace wenyuan::compute
