// What is on disk is taken only when it is exactly what was sealed.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "tests/index/helpers.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class SealTest : public IndexTest {
 protected:
  SealTest() {
    log::set_level(log::Level::error);
    reopen();
  }

  void seal_two_chunks() {
    std::mt19937 random(3);
    apply(1, {5, {}, {some_chunk(1, random), some_chunk(2, random)}});
    seal(1);
  }
  // Of all compartments.
  int folders_in_memory() const {
    int count = 0;
    for (const auto& own : fs::directory_iterator(options_.memory)) {
      for ([[maybe_unused]] const auto& each : fs::directory_iterator(own)) ++count;
    }
    return count;
  }
  // As what is unsealed lies in memory.
  std::vector<fs::path> files_with(const std::string& word) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(options_.memory)) {
      if (!entry.is_regular_file()) continue;
      if (read_file(entry.path())->find(word) != std::string::npos) found.push_back(entry.path());
    }
    return found;
  }
  fs::path generation(LabelId label, int number = 1) const {
    return options_.directory / std::to_string(label) / ("gen-" + std::to_string(number));
  }
};

TEST_F(SealTest, ReopensWhatWasSealedAndForgetsTheRest) {
  seal_two_chunks();
  apply(1, {6, {1}, {{9, "", "", "river", {}}}});
  reopen();
  EXPECT_EQ(index_->applied(1), 5);
  EXPECT_THAT(index_->contents(1)->lexical, ElementsAre(1, 2));
  EXPECT_EQ(index_->applied(2), 0);
}

TEST_F(SealTest, AnEmptiedCompartmentStaysEmpty) {
  seal_two_chunks();
  apply(1, {6, {1, 2}, {}});
  seal(1);
  reopen();
  EXPECT_EQ(index_->applied(1), 6);
  EXPECT_THAT(index_->contents(1)->lexical, IsEmpty());
  EXPECT_THAT(keyword({1}, "river"), IsEmpty());
  EXPECT_THAT(semantic({1}, std::vector<float>(kVectorSize)), IsEmpty());
}

TEST_F(SealTest, OnlyTheNewestGenerationStaysAndIsAlsoWhatIsInMemory) {
  seal_two_chunks();
  apply(1, {6, {}, {{9, "", "", "river", {}}}});
  seal(1);
  EXPECT_FALSE(fs::exists(generation(1, 1)));
  EXPECT_TRUE(fs::exists(generation(1, 2)));
  EXPECT_EQ(folders_in_memory(), 1);
  index_.reset();
  EXPECT_TRUE(fs::is_empty(options_.memory));
}

TEST_F(SealTest, NothingOfATextIsOnTheDisk) {
  apply(1, {5, {}, {{1, "", "", "zanzibar", {}}}});
  seal(1);
  for (const auto& entry : fs::recursive_directory_iterator(options_.directory)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path())->find("anzibar"), std::string::npos) << entry.path();
  }
}

// Neither in the file nor in memory, where it lies in the open.
TEST_F(SealTest, NothingOfARemovedTextIsInTheNextGeneration) {
  std::mt19937 random(3);
  Batch batch{5, {}, {}};
  for (ChunkId id = 1; id <= 40; ++id) batch.added.push_back(some_chunk(id, random));
  batch.added.push_back({41, "", "", "zanzibar quagga", {}});
  apply(1, batch);
  seal(1);
  EXPECT_THAT(files_with("zanzibar"), Not(IsEmpty())) << "this test would find nothing";
  apply(1, {6, {41}, {}});
  seal(1);
  EXPECT_THAT(files_with("zanzibar"), IsEmpty());
  EXPECT_THAT(files_with("quagga"), IsEmpty());
  reopen();
  EXPECT_EQ(index_->applied(1), 6);
  EXPECT_EQ(index_->contents(1)->lexical.size(), 40U);
  EXPECT_THAT(files_with("zanzibar"), IsEmpty());
}

// Segments that were never sealed are merged when there are many of a size.
TEST_F(SealTest, NothingOfARemovedTextIsInAMergedSegment) {
  std::mt19937 random(3);
  apply(1, {5, {}, {some_chunk(1, random), {2, "", "", "zanzibar", {}}}});
  apply(1, {6, {2}, {}});
  for (CommitNumber commit = 7; commit < 15; ++commit) {
    apply(1, {commit, {}, {some_chunk(commit, random)}});
  }
  EXPECT_THAT(files_with("zanzibar"), IsEmpty());
}

TEST_F(SealTest, ACopyOfAGenerationThatWasReplacedIsWorthNothing) {
  seal_two_chunks();
  const fs::path copy = folder_.path() / "copy";
  fs::copy(generation(1), copy);
  apply(1, {6, {1}, {}});
  seal(1);
  index_.reset();
  fs::remove(generation(1, 2));
  fs::rename(copy, generation(1));
  reopen();
  EXPECT_EQ(index_->applied(1), 0);
}

TEST_F(SealTest, AnyChangeOfTheFileIsNoticed) {
  seal_two_chunks();
  index_.reset();
  const std::string good = *read_file(generation(1));
  const auto applied_with = [&](const std::string& bytes) {
    index_.reset();
    fs::create_directories(generation(1).parent_path());
    EXPECT_TRUE(write_file_durably(generation(1), bytes));
    index_ = open(options_);
    return index_->applied(1);
  };
  for (const std::size_t at : {std::size_t{0}, std::size_t{9}, good.size() / 2, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_EQ(applied_with(bad), 0) << at;
  }
  EXPECT_EQ(applied_with(good.substr(0, good.size() / 2)), 0);
  EXPECT_EQ(applied_with(""), 0);
  EXPECT_EQ(applied_with(good + "x"), 0);
}

TEST_F(SealTest, LookingStrictlyFailsWhereSomethingIsMissingAndDiscardsNothing) {
  seal_two_chunks();
  index_.reset();
  options_.strict = true;
  ASSERT_TRUE(Compartments::open(options_));
  const std::string good = *read_file(generation(1));
  ASSERT_TRUE(write_file_durably(generation(1), good.substr(0, good.size() / 2)));
  EXPECT_FALSE(Compartments::open(options_));
  EXPECT_TRUE(fs::exists(generation(1)));
  ASSERT_TRUE(write_file_durably(generation(1), good));
  ASSERT_TRUE(write_file_durably(generation(1, 2), good));
  EXPECT_EQ(Compartments::open(options_).error().code, ErrorCode::unavailable);
  fs::remove(generation(1));
  fs::remove(generation(1, 2));
  EXPECT_EQ(Compartments::open(options_).error().code, ErrorCode::unavailable);
  ASSERT_TRUE(write_file_durably(generation(1), good));
  EXPECT_TRUE(Compartments::open(options_));
}

TEST_F(SealTest, WhatAKilledProcessLeftInMemoryGoesWithTheNextStartOfAnyStore) {
  const fs::path left = options_.memory / "wenyuan-index-left";
  const fs::path of_others = options_.memory / "somebody-elses";
  fs::create_directories(left / "1");
  fs::create_directories(of_others);
  ASSERT_TRUE(write_file_durably(left / "1" / "postlist.glass", "zanzibar"));
  seal_two_chunks();
  Compartments::Options other = options_;
  other.directory = folder_.path() / "other-indexes";
  const auto second = open(other);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(of_others));
  EXPECT_THAT(keyword({1}, "river"), Not(IsEmpty())) << "a folder in use was removed";
  EXPECT_EQ(index_->contents(1)->lexical.size(), 2U);
}

TEST_F(SealTest, WhatIsNoFileIsNotTaken) {
  seal_two_chunks();
  index_.reset();
  fs::rename(generation(1), folder_.path() / "elsewhere");
  fs::create_symlink(folder_.path() / "elsewhere", generation(1));
  reopen();
  EXPECT_EQ(index_->applied(1), 0);
}

TEST_F(SealTest, AnotherKeyStoreOrModelStartsAnew) {
  const auto applied_with = [&](auto&& change) {
    index_.reset();
    fs::remove_all(options_.directory);
    reopen();
    seal_two_chunks();
    const Compartments::Options before = options_;
    change(options_);
    reopen();
    const CommitNumber applied = index_->applied(1);
    options_ = before;
    return applied;
  };
  EXPECT_EQ(applied_with([](auto&) {}), 5);
  const auto other = store::Database::open({.directory = folder_.path() / "other"});
  EXPECT_EQ(applied_with([&](auto& options) { options.files = &(*other)->keys().files(); }), 0);
  EXPECT_EQ(applied_with([](auto& options) { options.store_id = "another"; }), 0);
  EXPECT_EQ(applied_with([](auto& options) { options.model.name = "another"; }), 0);
  EXPECT_EQ(applied_with([](auto& options) { options.model.vector_size = 8; }), 0);
}

TEST_F(SealTest, AGenerationOfAnotherCompartmentIsNotTaken) {
  seal_two_chunks();
  index_.reset();
  fs::rename(options_.directory / "1", options_.directory / "2");
  reopen();
  EXPECT_EQ(index_->applied(2), 0);
  EXPECT_THAT(index_->contents(2)->lexical, IsEmpty());
}

TEST_F(SealTest, WhatACrashLeftBehindIsRemoved) {
  seal_two_chunks();
  index_.reset();
  std::ofstream(generation(1, 2)) << "half";
  std::ofstream(generation(1, 2).parent_path() / "unfinished") << "half";
  reopen();
  EXPECT_EQ(index_->applied(1), 5);
  EXPECT_FALSE(fs::exists(generation(1, 2)));
  EXPECT_FALSE(fs::exists(generation(1, 2).parent_path() / "unfinished"));
  EXPECT_EQ(folders_in_memory(), 1);
}

TEST_F(SealTest, ADroppedCompartmentDoesNotComeBack) {
  seal_two_chunks();
  ASSERT_TRUE(index_->drop(1).has_value());
  EXPECT_EQ(index_->applied(1), 0);
  EXPECT_FALSE(fs::exists(generation(1)));
  apply(1, {1, {}, {{7, "", "", "river", {}}}});
  EXPECT_THAT(ids(keyword({1}, "river")), ElementsAre(7));
  reopen();
  EXPECT_EQ(index_->applied(1), 0);
}

// Commit n leaves chunks 1 to n but for multiples of 5 that are at least 5 behind.
Batch batch_of(CommitNumber commit) {
  Batch batch{commit, {}, {{commit, "", "", "river " + std::to_string(commit), {}}}};
  batch.added[0].vector.assign(kVectorSize, 0.25F);
  if (commit > 5 && (commit - 5) % 5 == 0) batch.removed.push_back(commit - 5);
  return batch;
}

TEST_F(SealTest, KilledAtAnyMomentLeavesAWholeGeneration) {
  index_.reset();
  std::mt19937 random(11);
  CommitNumber last = 0;
  for (int round = 0; round < 25; ++round) {
    store_.reset();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      open_store();
      auto opened = Compartments::open(options_);
      if (!opened) ::_exit(1);
      for (;;) {
        const CommitNumber next = (*opened)->applied(1) + 1;
        if (!(*opened)->apply(1, batch_of(next))) ::_exit(2);
        if (next % 3 == 0 && !(*opened)->seal(1)) ::_exit(3);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + random() % 400'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
    open_store();
    reopen();
    const CommitNumber applied = index_->applied(1);
    EXPECT_GE(applied, last);
    EXPECT_EQ(applied % 3, 0);
    std::vector<ChunkId> expected;
    for (ChunkId id = 1; id <= applied; ++id) {
      if (id % 5 != 0 || id + 5 > applied) expected.push_back(id);
    }
    EXPECT_EQ(index_->contents(1)->lexical, expected);
    EXPECT_EQ(index_->contents(1)->vectors, expected);
    EXPECT_EQ(keyword({1}, "river", 100'000).size(), expected.size());
    last = applied;
    index_.reset();
  }
  EXPECT_GT(last, 0);
}

}  // namespace
}  // namespace wenyuan::index
