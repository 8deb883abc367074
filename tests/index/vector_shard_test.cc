#include "index/vector_shard.h"

#include <gtest/gtest.h>

#include <random>

#include "index/inner_product.h"

namespace wenyuan::index {
namespace {

TEST(VectorShard, FindsWhatFaissFinds) {
  constexpr std::size_t kSize = 384;
  constexpr std::size_t kCount = 500;
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<IndexedChunk> chunks(kCount);
  std::vector<const IndexedChunk*> pointers;
  faiss::IndexFlatIP oracle(kSize);
  for (std::size_t i = 0; i < kCount; ++i) {
    chunks[i].id = static_cast<ChunkId>(i);
    for (std::size_t k = 0; k < kSize; ++k) chunks[i].vector.push_back(normal(random));
    oracle.add(1, chunks[i].vector.data());
    pointers.push_back(&chunks[i]);
  }
  const auto shard = VectorShard::build(kSize, pointers);
  ASSERT_TRUE(shard.has_value());
  for (int round = 0; round < 20; ++round) {
    std::vector<float> query;
    for (std::size_t k = 0; k < kSize; ++k) query.push_back(normal(random));
    float scores[10];
    faiss::Index::idx_t rows[10];
    oracle.search(1, query.data(), 10, scores, rows);
    const auto hits = (*shard)->search({}, {query, nullptr, 10});
    ASSERT_TRUE(hits.has_value());
    ASSERT_EQ(hits->size(), 10U);
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_EQ((*hits)[i].chunk, rows[i]);
      EXPECT_NEAR((*hits)[i].score, scores[i], 1e-3);
    }
  }
}

TEST(InnerProduct, TakesEverySize) {
  for (std::size_t size = 0; size < 70; ++size) {
    std::vector<float> a(size), b(size);
    float sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      a[i] = static_cast<float>(i);
      b[i] = 2;
      sum += a[i] * b[i];
    }
    EXPECT_EQ(inner_product()(a.data(), b.data(), size), sum);
  }
}

}  // namespace
}  // namespace wenyuan::index
