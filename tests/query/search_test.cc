#include "query/search.h"

#include <gmock/gmock.h>

#include "tests/query/search_fixture.h"

namespace wenyuan::query {
namespace {

using ::testing::ElementsAre;

// By words, the long text comes first; the reranker prefers the short one.
class RerankTest : public SearchTest {
 protected:
  void SetUp() override {
    SearchTest::SetUp();
    add("often", "pump pump pump pump pump valve river");
    add("exact", "which pump");
    add("never", "nothing of it");
    request_.query = "which pump";
    request_.mode = SearchMode::keyword;
    engine_.set_score([](const std::string&, const std::string& passage) {
      return passage.find("valve") == std::string::npos ? 3.5F : -1.0F;
    });
  }
  SearchRequest request_;
};

TEST_F(RerankTest, LeavesTheOrderAloneWithoutAReranker) {
  const auto result = take(search(request_, {}));
  EXPECT_THAT(titles(result), ElementsAre("often", "exact"));
  EXPECT_FALSE(result.hits[0].rerank);
}

TEST_F(RerankTest, OrdersByTheReranker) {
  const auto result = take(search(request_, {.reranker_model = kModel}));
  EXPECT_THAT(titles(result), ElementsAre("exact", "often"));
  EXPECT_EQ(result.hits[0].rerank, 3.5);
  EXPECT_EQ(result.hits[0].score, 3.5);
  EXPECT_EQ(result.hits[1].score, -1);
  EXPECT_TRUE(result.hits[0].keyword);
}

TEST_F(RerankTest, LooksBeyondWhatIsAskedFor) {
  request_.limit = 1;
  EXPECT_THAT(titles(take(search(request_, {.reranker_model = kModel}))), ElementsAre("exact"));
  EXPECT_THAT(titles(take(search(request_, {.reranker_model = kModel, .reranked = 1}))),
              ElementsAre("often"));
}

TEST_F(RerankTest, CanBeSwitchedOff) {
  request_.rerank = false;
  EXPECT_THAT(titles(take(search(request_, {.reranker_model = kModel}))),
              ElementsAre("often", "exact"));
}

TEST_F(RerankTest, GoesOnWithoutAnEngine) {
  engine_.fail(1, {ErrorCode::unavailable, "down"});
  const auto result = take(search(request_, {.reranker_model = kModel}));
  EXPECT_THAT(titles(result), ElementsAre("often", "exact"));
  EXPECT_FALSE(result.hits[0].rerank);
}

TEST_F(SearchTest, SaysUnderWhichHeadingsTheWordsStand) {
  add("Terms", "anode corrodes first berm is a strip",
      {{0, {"Terms", "Anode"}}, {21, {"Terms", "Berm"}}});
  SearchRequest request;
  request.query = "strip of a berm";
  EXPECT_THAT(take(search(request, {})).hits.at(0).chunk.location.heading_path,
              ElementsAre("Terms", "Berm"));
  request.query = "which corrodes";
  EXPECT_THAT(take(search(request, {})).hits.at(0).chunk.location.heading_path,
              ElementsAre("Terms", "Anode"));
}

}  // namespace
}  // namespace wenyuan::query
