// Whatever the way to some contents, searches answer as if they had been indexed at once.
#include <map>
#include <random>

#include "tests/index/helpers.h"

namespace wenyuan::index {
namespace {

class Property : public IndexTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  using Contents = std::map<ChunkId, IndexedChunk>;

  void change_something(LabelId label, Contents& contents) {
    Batch batch;
    batch.commit = ++commit_;
    std::uniform_int_distribution<int> percent(0, 99);
    const int removals = percent(random_) < 50 ? percent(random_) % 12 : 0;
    for (int i = 0; i < removals && !contents.empty(); ++i) {
      auto at = contents.begin();
      std::advance(at, percent(random_) % static_cast<int>(contents.size()));
      batch.removed.push_back(at->first);
      contents.erase(at);
    }
    if (percent(random_) < 5) batch.removed.push_back(1'000'000);  // never was there
    const int additions = percent(random_) % 25;
    for (int i = 0; i < additions; ++i) {
      ChunkId id = ++last_id_;
      // Now and then one that is there already, or that has just been removed.
      if (percent(random_) < 10) id = 1 + percent(random_) % last_id_;
      IndexedChunk chunk = some_chunk(id, random_);
      contents[id] = chunk;
      batch.added.push_back(std::move(chunk));
    }
    apply(label, batch);
  }

  void expect_like_fresh(const std::map<LabelId, Contents>& all) {
    TemporaryFolder folder;
    Compartments::Options options = options_;
    options.directory = folder.path() / "fresh";
    const auto fresh = open(options);
    std::vector<LabelId> labels;
    for (const auto& [label, contents] : all) {
      Batch batch{1, {}, {}};
      for (const auto& [id, chunk] : contents) batch.added.push_back(chunk);
      ASSERT_TRUE(fresh->apply(label, batch).has_value());
      labels.push_back(label);
      EXPECT_EQ(index_->contents(label)->lexical, fresh->contents(label)->lexical);
      EXPECT_EQ(index_->contents(label)->vectors, fresh->contents(label)->vectors);
    }
    std::vector<ChunkId> only;
    for (ChunkId id = 1; id <= last_id_; id += 3) only.push_back(id);
    for (int i = 0; i < 12; ++i) {
      const SearchScope scope{labels, i % 3 == 0 ? &only : nullptr};
      const std::size_t count_max = i % 2 == 0 ? 1000 : 5;
      std::string query = some_text(random_, 6) + (i % 4 == 0 ? " \"合同法\"" : " river");
      const auto expected = fresh->keyword(permit(labels), scope, query, count_max);
      const auto found = index_->keyword(permit(labels), scope, query, count_max);
      ASSERT_TRUE(expected.has_value() && found.has_value());
      EXPECT_EQ(pairs(*found), pairs(*expected)) << query;
      const std::vector<float> vector = some_vector(random_);
      const auto near_expected = fresh->semantic(permit(labels), scope, vector, count_max);
      const auto near_found = index_->semantic(permit(labels), scope, vector, count_max);
      ASSERT_TRUE(near_expected.has_value() && near_found.has_value());
      EXPECT_EQ(pairs(*near_found), pairs(*near_expected));
    }
  }

  std::mt19937 random_{GetParam()};
  CommitNumber commit_ = 0;
  ChunkId last_id_ = 0;
};

TEST_P(Property, AnyOrderOfChangesAnswersLikeAFreshIndex) {
  reopen();
  std::map<LabelId, Contents> applied;
  std::map<LabelId, Contents> sealed;
  for (int step = 0; step < 40; ++step) {
    const LabelId label = 1 + static_cast<LabelId>(random_() % 2);
    switch (random_() % 10) {
      case 0:
        seal(label);
        sealed[label] = applied[label];
        break;
      case 1:
        reopen();
        applied = sealed;  // what was not sealed is to be replayed; here it is forgotten
        break;
      default: change_something(label, applied[label]); break;
    }
    if (step % 8 == 7) expect_like_fresh(applied);
  }
  expect_like_fresh(applied);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Property, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace wenyuan::index
