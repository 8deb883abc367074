#include "index/fusion.h"

#include <gmock/gmock.h>

namespace wenyuan::index {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<ChunkId> order(const std::vector<FusedHit>& hits) {
  std::vector<ChunkId> ids;
  for (const FusedHit& hit : hits) ids.push_back(hit.chunk);
  return ids;
}

TEST(Fuse, AddsTheWeightedShares) {
  const std::vector<Hit> keyword = {{1, 10}, {2, 5}};
  const std::vector<Hit> semantic = {{2, 0.9}, {3, 0.7}, {1, 0.5}};
  const auto hits = fuse(keyword, semantic, {0.5, 10});
  ASSERT_THAT(order(hits), ElementsAre(2, 1, 3));
  EXPECT_DOUBLE_EQ(hits[0].score, 0.5 * 0.5 + 0.5 * 1);
  EXPECT_DOUBLE_EQ(hits[1].score, 0.5 * 1 + 0.5 * 0);
  EXPECT_DOUBLE_EQ(hits[2].score, 0.5 * ((0.7 - 0.5) / (0.9 - 0.5)));
  EXPECT_EQ(hits[0].keyword, 5);
  EXPECT_EQ(hits[2].keyword, std::nullopt);
  EXPECT_EQ(hits[2].semantic, 0.7);
}

TEST(Fuse, OneRankingAloneKeepsItsOrderWhateverTheWeight) {
  const std::vector<Hit> some = {{4, 0.9}, {2, 0.5}, {3, 0.4}};
  EXPECT_THAT(order(fuse(some, {}, {1.0, 10})), ElementsAre(4, 2, 3));
  EXPECT_THAT(order(fuse({}, some, {0.0, 10})), ElementsAre(4, 2, 3));
  EXPECT_THAT(fuse({}, {}, {0.5, 10}), IsEmpty());
}

TEST(Fuse, BreaksTiesByTheLowerChunkId) {
  const std::vector<Hit> keyword = {{9, 3}, {4, 3}, {6, 3}};
  EXPECT_THAT(order(fuse(keyword, {}, {0.5, 10})), ElementsAre(4, 6, 9));
}

TEST(Fuse, EqualCosinesCountFully) {
  const std::vector<Hit> keyword = {{1, 4}};
  const std::vector<Hit> semantic = {{2, 0.3}, {3, 0.3}};
  const auto hits = fuse(keyword, semantic, {0.75, 10});
  ASSERT_THAT(order(hits), ElementsAre(2, 3, 1));
  EXPECT_DOUBLE_EQ(hits[0].score, 0.75);
}

TEST(Fuse, KeepsTheBestFew) {
  const std::vector<Hit> keyword = {{1, 4}, {2, 3}, {3, 2}};
  EXPECT_THAT(order(fuse(keyword, {}, {0.5, 2})), ElementsAre(1, 2));
}

}  // namespace
}  // namespace wenyuan::index
