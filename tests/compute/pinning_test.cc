#include "compute/pinning.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "compute/thread_pool.h"

namespace wenyuan::compute {
namespace {

TEST(Places, AreOneProcessorEachWhenThereAreAsManyThreads) {
  EXPECT_EQ(places({0, 4, 1, 5}, 4), (std::vector<std::vector<int>>{{0}, {4}, {1}, {5}}));
}

TEST(Places, ShareOutWhatIsMore) {
  EXPECT_EQ(places({0, 4, 1, 5}, 2), (std::vector<std::vector<int>>{{0, 4}, {1, 5}}));
  EXPECT_EQ(places({0, 1, 2, 3, 4}, 2), (std::vector<std::vector<int>>{{0, 1}, {2, 3, 4}}));
  EXPECT_EQ(places({7}, 1), (std::vector<std::vector<int>>{{7}}));
}

TEST(Places, AreNoneWhenThereAreTooFewProcessors) {
  EXPECT_TRUE(places({0, 1}, 3).empty());
  EXPECT_TRUE(places({}, 1).empty());
  EXPECT_TRUE(places({0, 1}, 0).empty());
}

// Runs `work` in a thread of its own, whose processors it may change.
template <typename Work>
void apart(const Work& work) {
  std::thread(work).join();
}

// A topology in which every two processors that the system gives us are the threads of one core,
// the first with the last.
class PairedTopology {
 public:
  PairedTopology() {
    std::filesystem::create_directories(path_);
    const std::vector<int> all = allowed_processors(path_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t pair = std::min(i, all.size() - 1 - i);
      const auto folder = path_ / ("cpu" + std::to_string(all[i])) / "topology";
      std::filesystem::create_directories(folder);
      std::ofstream(folder / "thread_siblings_list")
          << all[pair] << "," << all[all.size() - 1 - pair] << "\n";
    }
  }
  ~PairedTopology() { std::filesystem::remove_all(path_); }
  PairedTopology(const PairedTopology&) = delete;
  PairedTopology& operator=(const PairedTopology&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("wenyuan-topology-" + std::to_string(::getpid()));
};

TEST(AllowedProcessors, KeepTheHyperThreadsOfACoreTogether) {
  const PairedTopology topology;
  const std::vector<int> all = allowed_processors("/nowhere");
  const std::vector<int> paired = allowed_processors(topology.path());
  ASSERT_FALSE(all.empty());
  ASSERT_EQ(paired.size(), all.size());
  for (std::size_t i = 0; i + 1 < paired.size(); i += 2) {
    EXPECT_EQ(paired[i], all[i / 2]);
    EXPECT_EQ(paired[i + 1], all[all.size() - 1 - i / 2]);
  }
}

TEST(AllowedProcessors, AreWhatTheThreadWasLeftWith) {
  apart([] {
    const std::vector<int> all = allowed_processors();
    ASSERT_TRUE(pin_this_thread({all.back()}));
    EXPECT_EQ(allowed_processors(), std::vector<int>{all.back()});
    EXPECT_EQ(::sched_getcpu(), all.back());
  });
}

TEST(AllowedProcessors, AreRefusedWhenThereIsNoSuchThing) {
  apart([] {
    EXPECT_FALSE(pin_this_thread({-1}));
    EXPECT_FALSE(pin_this_thread({1 << 20}));
    EXPECT_FALSE(pin_this_thread({}));
  });
}

TEST(ThreadPool, KeepsItsThreadsApartAndLeavesTheCallerFree) {
  const std::vector<int> all = allowed_processors();
  const auto wanted = places(all, all.size());
  ThreadPool threads(all.size());
  std::vector<std::vector<int>> found(all.size());
  std::atomic<std::size_t> waiting{0};
  const std::thread::id caller = std::this_thread::get_id();
  // Each piece waits for the others, so every thread takes one.
  threads.parallel_for(all.size(), [&](std::size_t i) {
    ++waiting;
    while (waiting < all.size()) std::this_thread::yield();
    if (std::this_thread::get_id() != caller) found[i] = allowed_processors();
  });
  std::erase(found, std::vector<int>());
  std::sort(found.begin(), found.end());
  auto left = wanted;
  left.erase(left.begin());
  std::sort(left.begin(), left.end());
  EXPECT_EQ(found, left);
  EXPECT_EQ(allowed_processors(), all);
}

}  // namespace
}  // namespace wenyuan::compute
