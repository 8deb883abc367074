// Attention over rows, in stretches and in every kind of cache.
#include "compute/row_attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/compute/helpers.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kKeySize = 96;
constexpr std::size_t kValueSize = 64;  // the beginning of the keys
constexpr std::size_t kQueries = 7;
constexpr std::size_t kKeys = 300;

struct State {
  explicit State() : largest(kQueries), sums(kQueries), values(kQueries * kValueSize) {
    reset(view(), kQueries, kValueSize);
  }
  AttentionState view() { return {largest.data(), sums.data(), values.data(), kValueSize}; }
  std::vector<float> largest;
  std::vector<float> sums;
  std::vector<float> values;
};

class RowAttentionTest : public testing::TestWithParam<KeyValueType> {
 protected:
  void SetUp() override {
    keys_ = random_floats(kKeys * kKeySize, 1);
    queries_ = random_floats(kQueries * kKeySize, 2, 0.5F);
    stored_.resize(kKeys * row());
    for (std::size_t i = 0; i < kKeys; ++i) {
      store_row(keys_.data() + i * kKeySize, kKeySize, GetParam(), best_kernels(),
                stored_.data() + i * row());
    }
  }

  std::size_t row() const { return cache_row_bytes(GetParam(), kKeySize); }

  // Keys [begin, end); a query sees those from its number on.
  void gather(std::size_t begin, std::size_t end, const Kernels& kernels, State& state) const {
    std::vector<KeyRows> blocks;
    for (std::size_t at = begin; at < end; at += kKeysPerBlock) {
      const std::uint8_t* first = stored_.data() + at * row();
      blocks.push_back({first, first, row(), row(), std::min(kKeysPerBlock, end - at)});
    }
    std::vector<KeyRange> visible;
    for (std::size_t i = 0; i < kQueries; ++i) visible.push_back({i, 100 * i + 20});
    attend_rows({.queries = queries_.data(),
                 .query_stride = kKeySize,
                 .visible = visible,
                 .blocks = blocks,
                 .first_key = begin,
                 .key_size = kKeySize,
                 .value_size = kValueSize,
                 .type = GetParam(),
                 .state = state.view()},
                kernels);
  }

  std::vector<double> expected(std::size_t query) const {
    std::vector<double> values(kValueSize);
    double sum = 0;
    for (std::size_t k = query; k < std::min(kKeys, 100 * query + 20); ++k) {
      double score = 0;
      for (std::size_t i = 0; i < kKeySize; ++i) {
        score += double{queries_[query * kKeySize + i]} * double{keys_[k * kKeySize + i]};
      }
      sum += std::exp(score);
      for (std::size_t i = 0; i < kValueSize; ++i) {
        values[i] += std::exp(score) * double{keys_[k * kKeySize + i]};
      }
    }
    for (double& value : values) value /= sum;
    return values;
  }

  void expect_right(const State& state, const char* kernels) const {
    const double off = GetParam() == KeyValueType::f32   ? 1e-5
                       : GetParam() == KeyValueType::f16 ? 2e-3
                                                         : 3e-2;
    for (std::size_t query = 0; query < kQueries; ++query) {
      const auto right = expected(query);
      for (std::size_t i = 0; i < kValueSize; ++i) {
        ASSERT_NEAR(state.values[query * kValueSize + i], right[i], off)
            << kernels << ", query " << query;
      }
    }
  }

  std::vector<float> keys_;
  std::vector<float> queries_;
  std::vector<std::uint8_t> stored_;
};

TEST_P(RowAttentionTest, IsTheSoftmaxOverWhatAQuerySees) {
  for (const Kernels* kernels : kernels_here()) {
    State state;
    gather(0, kKeys, *kernels, state);
    finish(state.view(), kQueries, kValueSize, *kernels);
    expect_right(state, kernels->name);
  }
}

TEST_P(RowAttentionTest, CanBeCarriedOnOrMerged) {
  for (const Kernels* kernels : kernels_here()) {
    State carried;
    gather(0, 2 * kKeysPerBlock, *kernels, carried);
    gather(2 * kKeysPerBlock, kKeys, *kernels, carried);
    finish(carried.view(), kQueries, kValueSize, *kernels);
    expect_right(carried, kernels->name);

    State first;
    State second;
    gather(0, 2 * kKeysPerBlock, *kernels, first);
    gather(2 * kKeysPerBlock, kKeys, *kernels, second);
    merge(second.view(), kQueries, kValueSize, *kernels, first.view());
    finish(first.view(), kQueries, kValueSize, *kernels);
    expect_right(first, kernels->name);
  }
}

TEST_P(RowAttentionTest, ReadsBackWhatWasStored) {
  const float off = GetParam() == KeyValueType::f32   ? 0.0F
                    : GetParam() == KeyValueType::f16 ? 1e-3F
                                                      : 1e-2F;
  std::vector<float> read(kKeySize);
  for (const Kernels* kernels : kernels_here()) {
    read_row(stored_.data() + 5 * row(), kKeySize, GetParam(), *kernels, read.data());
    for (std::size_t i = 0; i < kKeySize; ++i) {
      ASSERT_NEAR(read[i], keys_[5 * kKeySize + i], off) << kernels->name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Caches, RowAttentionTest,
                         testing::Values(KeyValueType::f32, KeyValueType::f16, KeyValueType::q8_0));

}  // namespace
}  // namespace wenyuan::compute
