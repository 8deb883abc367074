// What is on disk is taken only when it is exactly what was sealed.
#include "index/seal.h"

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

TEST_F(SealTest, OnlyTheNewestGenerationStays) {
  seal_two_chunks();
  apply(1, {6, {}, {{9, "", "", "river", {}}}});
  seal(1);
  EXPECT_FALSE(fs::exists(generation(1, 1)));
  EXPECT_TRUE(fs::exists(generation(1, 2)));
  EXPECT_TRUE(fs::is_empty(options_.directory / "unsealed"));
}

TEST_F(SealTest, OneChangedByteInAnyFileIsNoticed) {
  seal_two_chunks();
  index_.reset();
  const TemporaryFolder good;
  fs::copy(generation(1), good.path() / "copy", fs::copy_options::recursive);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(good.path() / "copy")) {
    if (!entry.is_regular_file() || fs::file_size(entry) == 0) continue;
    fs::remove_all(options_.directory);
    fs::create_directories(generation(1).parent_path());
    fs::copy(good.path() / "copy", generation(1), fs::copy_options::recursive);
    const fs::path path = generation(1) / entry.path().lexically_relative(good.path() / "copy");
    const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(middle);
    const int byte = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 1));
    file.close();
    reopen();
    EXPECT_EQ(index_->applied(1), 0) << path;
    index_.reset();
    ++files;
  }
  EXPECT_GE(files, 5);
}

TEST_F(SealTest, AMissingOrAddedOrShortenedFileIsNoticed) {
  const auto damage = [&](auto&& how) {
    index_.reset();
    fs::remove_all(options_.directory);
    reopen();
    seal_two_chunks();
    index_.reset();
    how();
    reopen();
    return index_->applied(1);
  };
  EXPECT_EQ(damage([] {}), 5);
  EXPECT_EQ(damage([&] { fs::remove(generation(1) / "vectors.ids"); }), 0);
  EXPECT_EQ(damage([&] { fs::remove(generation(1) / "seal"); }), 0);
  EXPECT_EQ(damage([&] { std::ofstream(generation(1) / "lexical" / "more") << "x"; }), 0);
  EXPECT_EQ(damage([&] { fs::create_symlink("/etc/passwd", generation(1) / "link"); }), 0);
  EXPECT_EQ(damage([&] { fs::resize_file(generation(1) / "vectors.faiss", 30); }), 0);
  EXPECT_EQ(damage([&] { fs::resize_file(generation(1) / "seal", 10); }), 0);
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
  EXPECT_EQ(applied_with([](auto& options) { options.seal_key[0] ^= 1; }), 0);
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
  fs::create_directories(options_.directory / "unsealed" / "7" / "lexical");
  fs::create_directories(generation(1, 2));  // renamed, but its content never reached the disk
  std::ofstream(generation(1, 2) / "seal") << "half";
  reopen();
  EXPECT_EQ(index_->applied(1), 5);
  EXPECT_FALSE(fs::exists(generation(1, 2)));
  EXPECT_TRUE(fs::is_empty(options_.directory / "unsealed"));
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
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
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
