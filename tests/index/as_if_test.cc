// Searches as of a moment: as if the compartments held some chunks of their present and past only.
#include <map>
#include <random>

#include "tests/index/helpers.h"

namespace wenyuan::index {
namespace {

class AsIf : public IndexTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  static constexpr LabelId kLabels = 3;
  using Place = std::pair<LabelId, Era>;

  void fill() {
    reopen();
    CommitNumber commit = 0;
    for (int round = 0; round < 30; ++round) {
      const Place place{1 + static_cast<LabelId>(random_() % kLabels),
                        random_() % 2 == 0 ? Era::present : Era::past};
      Batch batch{++commit, {}, {}};
      for (int i = 0; i < 12; ++i) {
        batch.added.push_back(some_chunk(++last_id_, random_));
        contents_[last_id_] = {place, batch.added.back()};
      }
      if (random_() % 2 == 0) remove_one_of(place, batch);
      ASSERT_TRUE(index_->apply(place.first, batch, place.second));
      if (random_() % 5 != 0) continue;
      ASSERT_TRUE(index_->seal(place.first, place.second));
    }
  }

  void remove_one_of(const Place& place, Batch& batch) {
    for (const auto& [id, held] : contents_) {
      if (held.first != place || id % 3 != 0 || id > last_id_ - 12) continue;
      batch.removed.push_back(id);
      contents_.erase(id);
      return;
    }
  }

  std::vector<ChunkId> some_of_all() {
    std::vector<ChunkId> chosen;
    for (const auto& [id, held] : contents_) {
      if (random_() % 3 == 0) chosen.push_back(id);
    }
    return chosen;
  }

  // In the same compartments, all of the present.
  std::unique_ptr<Compartments> fresh_with(const std::vector<ChunkId>& chosen,
                                           const std::filesystem::path& directory) {
    Compartments::Options options = options_;
    options.directory = directory;
    auto fresh = open(options);
    std::map<LabelId, Batch> batches;
    for (const ChunkId id : chosen) {
      const auto& [place, chunk] = contents_.at(id);
      batches[place.first].added.push_back(chunk);
    }
    for (auto& [label, batch] : batches) {
      batch.commit = 1;
      EXPECT_TRUE(fresh->apply(label, batch));
    }
    return fresh;
  }

  std::mt19937 random_{GetParam()};
  ChunkId last_id_ = 0;
  std::map<ChunkId, std::pair<Place, IndexedChunk>> contents_;
};

TEST_P(AsIf, AnswersLikeAnIndexThatHoldsNoOthers) {
  fill();
  const std::vector<LabelId> labels = {1, 2, 3};
  for (int i = 0; i < 6; ++i) {
    const std::vector<ChunkId> chosen = some_of_all();
    std::vector<ChunkId> only;
    for (const ChunkId id : chosen) {
      if (id % 2 == 0) only.push_back(id);
    }
    TemporaryFolder folder;
    const auto fresh = fresh_with(chosen, folder.path() / "fresh");
    const std::vector<ChunkId>* const filter = i % 3 == 0 ? &only : nullptr;
    const std::string query = some_text(random_, 6) + (i % 2 == 0 ? " \"合同法\"" : " river");
    const auto found = index_->keyword(permit(labels), {labels, filter, &chosen}, query, 20);
    const auto expected = fresh->keyword(permit(labels), {labels, filter}, query, 20);
    ASSERT_TRUE(found.has_value() && expected.has_value());
    EXPECT_EQ(pairs(*found), pairs(*expected)) << query;
    const std::vector<float> vector = some_vector(random_);
    const auto near = index_->semantic(permit(labels), {labels, filter, &chosen}, vector, 20);
    const auto near_expected = fresh->semantic(permit(labels), {labels, filter}, vector, 20);
    ASSERT_TRUE(near.has_value() && near_expected.has_value());
    EXPECT_EQ(pairs(*near), pairs(*near_expected));
  }
}

TEST_P(AsIf, ThePastIsNoPartOfASearchOfNow) {
  fill();
  std::vector<ChunkId> present;
  for (const auto& [id, held] : contents_) {
    if (held.first.second == Era::present) present.push_back(id);
  }
  TemporaryFolder folder;
  const auto fresh = fresh_with(present, folder.path() / "fresh");
  const std::vector<LabelId> labels = {1, 2, 3};
  const auto found = keyword(labels, "river contract 机器学习");
  const auto expected =
      fresh->keyword(permit(labels), {labels, nullptr}, "river contract 机器学习", 100);
  EXPECT_EQ(pairs(found), pairs(*expected));
}

TEST_P(AsIf, ThePastIsThereAfterAStart) {
  fill();
  for (LabelId label = 1; label <= kLabels; ++label) {
    ASSERT_TRUE(index_->seal(label, Era::past));
  }
  std::vector<Compartments::Contents> before;
  for (LabelId label = 1; label <= kLabels; ++label) {
    before.push_back(*index_->contents(label, Era::past));
  }
  reopen();
  for (LabelId label = 1; label <= kLabels; ++label) {
    const auto after = *index_->contents(label, Era::past);
    EXPECT_EQ(after.lexical, before[static_cast<std::size_t>(label - 1)].lexical);
    EXPECT_EQ(after.vectors, before[static_cast<std::size_t>(label - 1)].vectors);
    ASSERT_TRUE(index_->drop(label, Era::past));
    EXPECT_TRUE(index_->contents(label, Era::past)->lexical.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AsIf, ::testing::Values(1U, 2U, 3U));

}  // namespace
}  // namespace wenyuan::index
