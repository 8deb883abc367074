// Searches run while compartments change, are sealed and dropped.
#include <thread>

#include "tests/index/helpers.h"

namespace wenyuan::index {
namespace {

class Concurrency : public IndexTest {};

TEST_F(Concurrency, EverySearchSeesOneWholeCommit) {
  reopen();
  std::atomic<bool> done{false};
  std::atomic<int> searches{0};
  // Every commit replaces all ten chunks, so any mixture of two commits would have another count.
  const auto batch_of = [](CommitNumber commit) {
    Batch batch{commit, {}, {}};
    for (ChunkId i = 0; i < 10; ++i) {
      if (commit > 1) batch.removed.push_back((commit - 1) * 10 + i);
      batch.added.push_back(
          {commit * 10 + i, "", "", "river bank", std::vector<float>(kVectorSize, 0.25F)});
    }
    return batch;
  };
  apply(1, batch_of(1));
  apply(2, batch_of(1));
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      const std::vector<float> vector(kVectorSize, 0.25F);
      const Permit both = permit({1, 2});
      const SearchScope first{{1}, nullptr};
      while (!done) {
        const auto words = index_->keyword(both, first, "river", 100);
        ASSERT_TRUE(words.has_value()) << words.error().message;
        ASSERT_EQ(words->size(), 10U);
        ASSERT_EQ(words->front().score, words->back().score);
        const auto near = index_->semantic(both, first, vector, 100);
        ASSERT_TRUE(near.has_value()) << near.error().message;
        ASSERT_EQ(near->size(), 10U);
        const SearchScope second{{2, 1}, nullptr};
        ASSERT_TRUE(index_->keyword(both, second, i == 0 ? "\"river bank\"" : "bank", 100));
        (void)index_->status();
        ++searches;
      }
    });
  }
  std::thread other([&] {
    for (CommitNumber commit = 2; !done; ++commit) {
      ASSERT_TRUE(index_->apply(2, batch_of(commit)));
      if (commit % 3 == 0) {
        ASSERT_TRUE(index_->seal(2));
      }
      if (commit % 7 == 0) {
        ASSERT_TRUE(index_->drop(2));
      }
    }
  });
  for (CommitNumber commit = 2; commit < 60; ++commit) {
    apply(1, batch_of(commit));
    if (commit % 4 == 0) seal(1);
  }
  done = true;
  other.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(searches, 0);
}

}  // namespace
}  // namespace wenyuan::index
