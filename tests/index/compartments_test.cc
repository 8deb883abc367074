#include "index/compartments.h"

#include <gmock/gmock.h>

#include "tests/index/helpers.h"

namespace wenyuan::index {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class CompartmentsTest : public IndexTest {
 protected:
  CompartmentsTest() { reopen(); }

  void add(LabelId label, ChunkId id, std::string text, std::vector<float> vector = {}) {
    apply(label, {++commit_, {}, {{id, "", "", std::move(text), std::move(vector)}}});
  }
  ErrorCode keyword_error(const Permit& permit, const SearchScope& scope, std::string_view query) {
    const auto hits = index_->keyword(permit, scope, query, 10);
    EXPECT_FALSE(hits.has_value());
    return hits ? ErrorCode::internal : hits.error().code;
  }

  CommitNumber commit_ = 0;
};

std::vector<float> axis(std::size_t at) {
  std::vector<float> vector(kVectorSize);
  vector[at] = 1;
  return vector;
}

TEST_F(CompartmentsTest, FindsByStemWidthCaseAndSimplifiedForm) {
  add(1, 1, "The Contracts were SIGNED in ＡＢＣ Hall.");
  add(1, 2, "這份合同由機器學習系統審查。");
  EXPECT_THAT(ids(keyword({1}, "contract")), ElementsAre(1));
  EXPECT_THAT(ids(keyword({1}, "signing abc")), ElementsAre(1));
  EXPECT_THAT(ids(keyword({1}, "机器学习")), ElementsAre(2));
  EXPECT_THAT(ids(keyword({1}, "审查")), ElementsAre(2));
  EXPECT_THAT(keyword({1}, "nothing"), IsEmpty());
}

TEST_F(CompartmentsTest, FindsByTitleAndHeadings) {
  apply(1, {1,
            {},
            {{1, "Travel policy", "Flights", "Book early.", {}},
             {2, "Other", "", "The travel policy is elsewhere, says this text.", {}}}});
  EXPECT_THAT(ids(keyword({1}, "travel policy")), ElementsAre(1, 2));
  EXPECT_THAT(ids(keyword({1}, "flight")), ElementsAre(1));
}

TEST_F(CompartmentsTest, QuotesAskForThePhrase) {
  add(1, 1, "to be or not to be");
  add(1, 2, "not to be read, or to be forgotten");
  add(1, 3, "学习机器");
  add(1, 4, "机器学习");
  EXPECT_THAT(ids(keyword({1}, "\"be or not to be\"")), ElementsAre(1));
  EXPECT_THAT(ids(keyword({1}, "\"机器学习\"")), ElementsAre(4));
  EXPECT_THAT(ids(keyword({1}, "机器学习")), UnorderedElementsAre(3, 4));
}

TEST_F(CompartmentsTest, APhraseThatIsNowhereIsSearchedAsWords) {
  add(1, 1, "a river and its bank");
  EXPECT_THAT(ids(keyword({1}, "\"bank river\"")), ElementsAre(1));
}

TEST_F(CompartmentsTest, APhraseDoesNotSpanTitleAndText) {
  apply(1, {1,
            {},
            {{1, "annual report", "", "figures of the year", {}},
             {2, "", "", "the report figures", {}}}});
  EXPECT_THAT(ids(keyword({1}, "\"report figures\"")), ElementsAre(2));
}

TEST_F(CompartmentsTest, StopWordsAreSearchedWhenThereIsNothingElse) {
  add(1, 1, "to be or not to be");
  add(1, 2, "rivers");
  EXPECT_THAT(ids(keyword({1}, "to be")), ElementsAre(1));
  EXPECT_THAT(ids(keyword({1}, "the river")), ElementsAre(2));
}

TEST_F(CompartmentsTest, TakesAnyTextForAQuestion) {
  add(1, 1, "river");
  for (const std::string& query :
       {std::string("AND OR NOT ( \" title: * ? +river -river"), std::string("\"\" river"),
        std::string("river\xff\xfe"), std::string("river\0x", 7), std::string("\" river"),
        std::string("a:river~2^3 NEAR/3 XOR")}) {
    EXPECT_THAT(ids(keyword({1}, query)), ElementsAre(1)) << query;
  }
  EXPECT_THAT(keyword({1}, "?!。"), IsEmpty());
}

TEST_F(CompartmentsTest, RefusesAnEmptyOrEndlessQuestion) {
  const Permit read = permit({1});
  EXPECT_EQ(keyword_error(read, {{1}, nullptr}, " \n "), ErrorCode::invalid_argument);
  EXPECT_EQ(keyword_error(read, {{1}, nullptr}, std::string(1 << 20, 'x')), ErrorCode::too_large);
}

TEST_F(CompartmentsTest, RefusesAPermitThatIsStaleOrDoesNotCoverTheScope) {
  add(1, 1, "river");
  const Permit stale = permit({1});
  epoch_ = 2;
  EXPECT_EQ(keyword_error(stale, {{1}, nullptr}, "river"), ErrorCode::conflict);
  EXPECT_EQ(keyword_error(permit({1}), {{1, 2}, nullptr}, "river"), ErrorCode::forbidden);
  const Permit write = auth::PolicyEngine::make("usr_1", Action::write, 2, {1});
  EXPECT_EQ(keyword_error(write, {{1}, nullptr}, "river"), ErrorCode::forbidden);
  const auto near = index_->semantic(stale, {{1}, nullptr}, axis(0), 5);
  ASSERT_FALSE(near.has_value());
  EXPECT_EQ(near.error().code, ErrorCode::conflict);
}

TEST_F(CompartmentsTest, HiddenCompartmentsChangeNothing) {
  std::mt19937 random(5);
  Batch visible{1, {}, {}};
  for (ChunkId id = 1; id <= 60; ++id) visible.added.push_back(some_chunk(id, random));
  apply(1, visible);
  const std::vector<float> vector = some_vector(random);
  const auto before = pairs(keyword({1}, "river contract 机器学习"));
  const auto near_before = pairs(semantic({1}, vector));
  Batch hidden{1, {}, {}};
  for (ChunkId id = 1000; id <= 1300; ++id) hidden.added.push_back(some_chunk(id, random));
  apply(2, hidden);
  EXPECT_EQ(pairs(keyword({1}, "river contract 机器学习")), before);
  EXPECT_EQ(pairs(semantic({1}, vector)), near_before);
  seal(2);
  seal(1);
  EXPECT_EQ(pairs(keyword({1}, "river contract 机器学习")), before);
  EXPECT_EQ(pairs(semantic({1}, vector)), near_before);
  EXPECT_NE(pairs(keyword({1, 2}, "river contract 机器学习")), before);
}

TEST_F(CompartmentsTest, ScoresDoNotDependOnHowChunksAreSpread) {
  std::mt19937 random(6);
  for (ChunkId id = 1; id <= 120; ++id) {
    const IndexedChunk chunk = some_chunk(id, random);
    apply(1, {id, {}, {chunk}});
    apply(10 + id % 7, {id, {}, {chunk}});
    if (id % 40 == 0) seal(10 + id % 7);
  }
  const std::vector<LabelId> spread = {16, 15, 14, 13, 12, 11, 10, 10};
  for (int i = 0; i < 20; ++i) {
    const std::string query = some_text(random, 8) + " model";
    EXPECT_EQ(pairs(keyword(spread, query, 10)), pairs(keyword({1}, query, 10))) << query;
    const std::vector<float> vector = some_vector(random);
    EXPECT_EQ(pairs(semantic(spread, vector, 10)), pairs(semantic({1}, vector, 10)));
  }
}

TEST_F(CompartmentsTest, EqualScoresComeByTheLowerChunkId) {
  for (const ChunkId id : {7, 3, 9, 1, 5}) add(1, id, "the same river", axis(2));
  EXPECT_THAT(ids(keyword({1}, "river", 3)), ElementsAre(1, 3, 5));
  EXPECT_THAT(ids(semantic({1}, axis(2), 3)), ElementsAre(1, 3, 5));
}

TEST_F(CompartmentsTest, SemanticFindsTheNearest) {
  add(1, 1, "a", axis(0));
  add(1, 2, "b", axis(1));
  add(1, 3, "without a vector");
  std::vector<float> query = axis(0);
  query[1] = 0.5F;
  EXPECT_EQ(pairs(semantic({1}, query)),
            (std::vector<std::pair<ChunkId, double>>{{1, 1.0}, {2, 0.5}}));
}

TEST_F(CompartmentsTest, OnlyTheGivenChunksCanBeHits) {
  for (ChunkId id = 1; id <= 20; ++id) add(1, id, "river", axis(1));
  seal(1);
  apply(1, {++commit_, {4}, {}});
  const std::vector<ChunkId> only = {2, 4, 19, 77};
  const SearchScope scope{{1}, &only};
  EXPECT_THAT(ids(*index_->keyword(permit({1}), scope, "river", 10)), ElementsAre(2, 19));
  EXPECT_THAT(ids(*index_->semantic(permit({1}), scope, axis(1), 10)), ElementsAre(2, 19));
  const std::vector<ChunkId> none;
  EXPECT_THAT(*index_->keyword(permit({1}), {{1}, &none}, "river", 10), IsEmpty());
  EXPECT_THAT(*index_->semantic(permit({1}), {{1}, &none}, axis(1), 10), IsEmpty());
}

TEST_F(CompartmentsTest, AQuestionUsesItsRarestWords) {
  std::string all;
  Batch batch{1, {}, {}};
  for (int i = 0; i < 40; ++i) {
    std::string text;
    for (int k = 0; k <= i; ++k) text += "word" + std::to_string(k) + " ";
    batch.added.push_back({i + 1, "", "", text, {}});
    all += "word" + std::to_string(i) + " ";
  }
  apply(1, batch);
  // word0 to word7 are the most frequent of 40, so chunks with nothing else are no hits.
  const std::vector<ChunkId> found = ids(keyword({1}, all));
  EXPECT_THAT(found, SizeIs(32));
  EXPECT_EQ(*std::min_element(found.begin(), found.end()), 9);
}

TEST_F(CompartmentsTest, RefusesVectorsOfAnotherSize) {
  const Status applied = index_->apply(1, {1, {}, {{1, "", "", "x", {1, 2, 3}}}});
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(index_->applied(1), 0);
  const auto near = index_->semantic(permit({1}), {{1}, nullptr}, std::vector<float>{1}, 5);
  ASSERT_FALSE(near.has_value());
  EXPECT_EQ(near.error().code, ErrorCode::invalid_argument);
}

TEST_F(CompartmentsTest, WithoutAModelThereIsNoSemanticSearch) {
  options_.model = {};
  reopen();
  add(1, 1, "river", {1, 2});
  seal(1);
  reopen();
  EXPECT_THAT(ids(keyword({1}, "river")), ElementsAre(1));
  const auto near = index_->semantic(permit({1}), {{1}, nullptr}, axis(0), 5);
  ASSERT_FALSE(near.has_value());
  EXPECT_EQ(near.error().code, ErrorCode::unavailable);
}

TEST_F(CompartmentsTest, IgnoresABatchThatIsNotNewer) {
  add(1, 1, "river");
  apply(1, {1, {1}, {}});
  EXPECT_THAT(keyword({1}, "river"), SizeIs(1));
}

TEST_F(CompartmentsTest, SaysWhatIsAppliedAndSealed) {
  add(3, 1, "river", axis(0));
  add(3, 2, "bank");
  seal(3);
  add(3, 4, "more", axis(1));
  apply(3, {++commit_, {1}, {}});
  const std::vector<CompartmentStatus> all = index_->status();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].label, 3);
  EXPECT_EQ(all[0].applied, 4);
  EXPECT_EQ(all[0].sealed, 2);
  EXPECT_EQ(all[0].chunk_count, 2U);
  EXPECT_EQ(all[0].vector_count, 1U);
}

TEST_F(CompartmentsTest, SecondUserOfTheFolderIsTurnedAway) {
  const auto second = Compartments::open(options_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace wenyuan::index
