// Attention over 16-bit integers: its kernels against the plain ones, and the whole against the
// softmax in double precision.
#include "compute/fixed_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "compute/aligned_buffer.h"
#include "compute/fixed_rows.h"
#include "tests/compute/helpers.h"

namespace wenyuan::compute {
namespace {

std::vector<std::int16_t> random_integers(std::size_t count, std::uint32_t seed, int largest) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> pick(-largest, largest);
  std::vector<std::int16_t> values(count);
  for (std::int16_t& value : values) value = static_cast<std::int16_t>(pick(random));
  return values;
}

TEST(FixedRows, KeepNumbersWithinHalfAUnitAndTheirLengthWithinItsBound) {
  for (const Kernels* kernels : kernels_here()) {
    for (const std::size_t count : {16U, 48U, 512U, 576U}) {
      auto x = random_floats(count, 1, 3);
      x[5] = 40;  // as large as some elements of real keys are
      std::vector<std::int16_t> fixed(count);
      const float unit = kernels->fixed.to_fixed(x.data(), count, fixed.data());
      double squares = 0;
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_NEAR(unit * static_cast<float>(fixed[i]), x[i], 0.501F * unit) << kernels->name;
        squares += std::pow(static_cast<double>(fixed[i]), 2);
      }
      EXPECT_LT(squares, std::pow(2.0, 31)) << kernels->name;
      EXPECT_GT(squares, std::pow(2.0, 29)) << kernels->name;
    }
  }
}

TEST(FixedRows, OfNothingAreNothing) {
  for (const Kernels* kernels : kernels_here()) {
    const std::vector<float> zeros(32);
    std::vector<std::int16_t> fixed(32, 7);
    EXPECT_EQ(kernels->fixed.to_fixed(zeros.data(), 32, fixed.data()), 0) << kernels->name;
    EXPECT_EQ(fixed, std::vector<std::int16_t>(32)) << kernels->name;
    fixed.assign(32, 7);
    EXPECT_EQ(kernels->fixed.to_weights(zeros.data(), zeros.data(), 32, fixed.data()), 0);
    EXPECT_EQ(fixed, std::vector<std::int16_t>(32)) << kernels->name;
  }
}

TEST(FixedRows, KeepWeightsWithinTheirSum) {
  for (const Kernels* kernels : kernels_here()) {
    for (const float largest : {1.0F, 1e-4F, 1e-30F, 60.0F}) {
      auto x = random_floats(kFixedWeightCount, 2);
      for (float& value : x) value = std::fabs(value);
      x[3] = largest;
      const std::vector<float> scales(kFixedWeightCount, 0.01F);
      std::vector<std::int16_t> weights(kFixedWeightCount);
      const float unit =
          kernels->fixed.to_weights(x.data(), scales.data(), kFixedWeightCount, weights.data());
      EXPECT_LE(std::accumulate(weights.begin(), weights.end(), 0), 1 << 16);
      for (std::size_t i = 0; i < kFixedWeightCount; ++i) {
        ASSERT_GE(weights[i], 0);
        ASSERT_NEAR(unit * static_cast<float>(weights[i]), x[i] * 0.01F, 0.501F * unit);
      }
    }
  }
}

// Products of `rows` rows with `keys` keys of `size` numbers.
std::vector<float> dots(void (*run)(const FixedDots&), std::size_t rows, std::size_t keys,
                        std::size_t size, bool add) {
  const auto stored = random_integers((keys + 15) / 16 * 16 * size, 3, 900);
  const auto x = random_integers(rows * size, 4, 900);
  const auto key_scales = random_floats((keys + 15) / 16 * 16, 5);
  const auto x_scales = random_floats(rows, 6);
  std::vector<float> out(rows * kKeysPerBlock, 2.0F);
  run({.keys = stored.data(),
       .key_scales = key_scales.data(),
       .key_count = keys,
       .size = size,
       .x = x.data(),
       .x_stride = size,
       .x_scales = x_scales.data(),
       .rows = rows,
       .out = out.data(),
       .out_stride = kKeysPerBlock,
       .add = add});
  std::vector<float> result;
  for (std::size_t row = 0; row < rows; ++row) {
    const float* own = out.data() + row * kKeysPerBlock;
    result.insert(result.end(), own, own + keys);
  }
  return result;
}

TEST(FixedDots, AreThoseOfThePlainLoopsWithEveryInstructionSet) {
  for (const Kernels* kernels : kernels_here()) {
    for (const std::size_t rows : {1U, 2U, 3U, 4U, 7U, 16U, 25U}) {
      for (const std::size_t keys : {1U, 15U, 16U, 33U, 128U}) {
        for (const std::size_t size : {16U, 48U, 64U, 512U}) {
          for (const bool add : {false, true}) {
            const auto name = testing::Message()
                              << kernels->name << ' ' << rows << " x " << keys << " of " << size;
            ASSERT_EQ(dots(kernels->fixed.fours, rows, keys, size, add),
                      dots(plain_fixed().fours, rows, keys, size, add))
                << name;
            ASSERT_EQ(dots(kernels->fixed.tiles, rows, keys, size, add),
                      dots(plain_fixed().tiles, rows, keys, size, add))
                << name;
          }
        }
      }
    }
  }
}

TEST(FixedDots, HoldTheLargestSumThatThereCanBe) {
  constexpr std::size_t kSize = 576;
  // A row against itself.
  const auto x = random_floats(kSize, 7);
  for (const Kernels* kernels : kernels_here()) {
    std::vector<std::int16_t> row(kSize);
    const float unit = kernels->fixed.to_fixed(x.data(), kSize, row.data());
    std::vector<std::int16_t> tile(16 * kSize);
    for (std::size_t i = 0; i < kSize; ++i) tile[i / 2 * 32 + i % 2] = row[i];
    std::vector<float> out(16);
    const std::vector<float> scales(16, unit);
    kernels->fixed.tiles({.keys = tile.data(),
                          .key_scales = scales.data(),
                          .key_count = 1,
                          .size = kSize,
                          .x = row.data(),
                          .x_stride = kSize,
                          .x_scales = scales.data(),
                          .rows = 1,
                          .out = out.data(),
                          .out_stride = 16,
                          .add = false});
    const double right = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
    EXPECT_NEAR(out[0], right, 1e-4 * right) << kernels->name;
  }
}

TEST(FixedSums, AreThoseOfThePlainLoopsWithEveryInstructionSet) {
  for (const Kernels* kernels : kernels_here()) {
    for (const std::size_t rows : {1U, 2U, 3U, 4U, 8U, 15U, 16U, 25U}) {
      for (const std::size_t count : {4U, 28U, 64U}) {
        for (const std::size_t size : {16U, 48U, 64U, 512U}) {
          const auto values = random_integers(count * size, 8, 32767);
          const auto scales = random_floats(rows, 9, 1e-6F);
          std::vector<std::int16_t> weights = random_integers(rows * 64, 10, 1000);
          for (std::int16_t& weight : weights) weight = static_cast<std::int16_t>(weight / 2 + 500);
          const auto run = [&](const Kernels& own) {
            std::vector<float> out(rows * size, 0.5F);
            own.fixed.sums({values.data(), count, size, weights.data(), 64, scales.data(), rows,
                            out.data(), size});
            return out;
          };
          const auto out = run(*kernels);
          const auto right = run(*kernels_here().front());
          for (std::size_t i = 0; i < out.size(); ++i) {
            ASSERT_NEAR(out[i], right[i], 1e-6 * std::fabs(right[i]) + 1e-6) << kernels->name;
          }
        }
      }
    }
  }
}

struct Case {
  FixedShape shape;
  std::size_t keys;
  std::vector<KeyRange> visible;
};

class FixedAttentionTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const FixedShape& shape = GetParam().shape;
    rows_ = random_floats(GetParam().keys * shape.row, 11);
    tiled_ = random_floats(GetParam().keys * shape.tiled, 12, 4);
    queries_ = random_floats(GetParam().visible.size() * shape.key(), 13, 0.3F);
    for (std::size_t at = 0; at < GetParam().keys; at += kKeysPerBlock) {
      memory_.emplace_back(shape.block_bytes());
    }
    for (std::size_t i = 0; i < GetParam().keys; ++i) {
      store_fixed(shape, rows_.data() + i * shape.row, tiled_.data() + i * shape.tiled,
                  i % kKeysPerBlock, best_kernels(), memory_[i / kKeysPerBlock].data());
    }
  }

  double key(std::size_t k, std::size_t i) const {
    const FixedShape& shape = GetParam().shape;
    if (!shape.is_row_in_key) return double{tiled_[k * shape.tiled + i]};
    return double{i < shape.row ? rows_[k * shape.row + i]
                                : tiled_[k * shape.tiled + i - shape.row]};
  }

  std::vector<double> expected(std::size_t query) const {
    const FixedShape& shape = GetParam().shape;
    const KeyRange& visible = GetParam().visible[query];
    std::vector<double> values(shape.row);
    double sum = 0;
    for (std::size_t k = visible.begin; k < visible.end; ++k) {
      double score = 0;
      for (std::size_t i = 0; i < shape.key(); ++i) {
        score += double{queries_[query * shape.key() + i]} * key(k, i);
      }
      sum += std::exp(score);
      for (std::size_t i = 0; i < shape.row; ++i) {
        values[i] += std::exp(score) * double{rows_[k * shape.row + i]};
      }
    }
    for (double& value : values) value /= sum;
    return values;
  }

  // What queries [begin, end) get.
  std::vector<float> run(const Kernels& kernels, std::size_t begin, std::size_t end) const {
    const FixedShape& shape = GetParam().shape;
    const std::size_t count = end - begin;
    std::vector<std::int16_t> numbers(count * shape.key());
    std::vector<float> scales(2 * count);
    const FixedQueries queries{numbers.data(), scales.data(), scales.data() + count};
    for (std::size_t i = 0; i < count; ++i) {
      store_query(shape, queries_.data() + (begin + i) * shape.key(), kernels, i, queries);
    }
    std::vector<float> largest(count);
    std::vector<float> sums(count);
    std::vector<float> values(count * shape.row);
    const AttentionState state{largest.data(), sums.data(), values.data(), shape.row};
    reset(state, count, shape.row);
    std::vector<const std::uint8_t*> blocks;
    for (const AlignedBuffer& block : memory_) blocks.push_back(block.data());
    const auto visible = std::span(GetParam().visible).subspan(begin, count);
    // In two parts, the second of which carries on.
    const std::size_t half = blocks.size() / 2;
    const auto part = [&](std::size_t from, std::size_t to) {
      attend_fixed({.queries = queries,
                    .visible = visible,
                    .blocks = std::span(blocks).subspan(from, to - from),
                    .first_key = from * kKeysPerBlock,
                    .shape = shape,
                    .state = state},
                   kernels);
    };
    part(0, half);
    part(half, blocks.size());
    finish(state, count, shape.row, kernels);
    return values;
  }

  std::vector<float> rows_;
  std::vector<float> tiled_;
  std::vector<float> queries_;
  std::vector<AlignedBuffer> memory_;
};

TEST_P(FixedAttentionTest, IsTheSoftmaxOverWhatAQuerySees) {
  const std::size_t size = GetParam().shape.row;
  for (const Kernels* kernels : kernels_here()) {
    const auto values = run(*kernels, 0, GetParam().visible.size());
    for (std::size_t query = 0; query < GetParam().visible.size(); ++query) {
      const auto right = expected(query);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_NEAR(values[query * size + i], right[i], 1e-3) << kernels->name << ' ' << query;
      }
    }
  }
}

TEST_P(FixedAttentionTest, GivesAQueryTheSameBitsAloneAndAmongOthers) {
  const std::size_t size = GetParam().shape.row;
  for (const Kernels* kernels : kernels_here()) {
    const auto all = run(*kernels, 0, GetParam().visible.size());
    for (std::size_t query = 0; query < GetParam().visible.size(); ++query) {
      const auto alone = run(*kernels, query, query + 1);
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(),
                             all.begin() + static_cast<std::ptrdiff_t>(query * size)))
          << kernels->name << ' ' << query;
    }
  }
}

TEST_P(FixedAttentionTest, ReadsBackWhatWasStored) {
  const FixedShape& shape = GetParam().shape;
  const std::size_t k = GetParam().keys - 1;
  std::vector<float> row(shape.row);
  std::vector<float> tiled(shape.tiled);
  read_fixed(shape, memory_.back().data(), k % kKeysPerBlock, row.data(), tiled.data());
  for (std::size_t i = 0; i < shape.row; ++i) {
    ASSERT_NEAR(row[i], rows_[k * shape.row + i], 1e-3F);
  }
  for (std::size_t i = 0; i < shape.tiled; ++i) {
    ASSERT_NEAR(tiled[i], tiled_[k * shape.tiled + i], 4e-3F);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, FixedAttentionTest,
    testing::Values(Case{{96, 32, true}, 300, {{0, 1}, {0, 128}, {7, 129}, {200, 300}, {0, 300}}},
                    Case{{512, 64, true}, 700, std::vector<KeyRange>(16, {0, 690})},
                    Case{{64, 64, false}, 290, {{0, 5}, {130, 131}, {60, 290}}},
                    Case{{48, 48, false}, 128, std::vector<KeyRange>(32, {3, 128})}),
    [](const auto& param) {
      return std::to_string(param.param.shape.row) + "And" +
             std::to_string(param.param.shape.tiled);
    });

}  // namespace
}  // namespace wenyuan::compute
