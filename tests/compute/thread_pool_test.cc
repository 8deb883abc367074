#include "compute/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace wenyuan::compute {
namespace {

TEST(ThreadPool, RunsEveryPieceOnce) {
  for (const std::size_t thread_count : {1U, 2U, 5U}) {
    ThreadPool threads(thread_count);
    EXPECT_EQ(threads.thread_count(), thread_count);
    for (const std::size_t count : {0U, 1U, 2U, 3U, 1000U}) {
      std::vector<std::atomic<int>> runs(count);
      threads.parallel_for(count, [&](std::size_t i) { ++runs[i]; });
      for (const auto& run : runs) EXPECT_EQ(run, 1);
    }
  }
}

TEST(ThreadPool, KeepsManyShortRoundsApart) {
  ThreadPool threads(3);
  std::size_t sum = 0;
  for (std::size_t round = 0; round < 5000; ++round) {
    std::vector<std::size_t> results(round % 7 + 1);
    threads.parallel_for(results.size(), [&](std::size_t i) { results[i] = round + i; });
    for (std::size_t i = 0; i < results.size(); ++i) sum += results[i] - (round + i);
  }
  EXPECT_EQ(sum, 0U);
}

TEST(ThreadPool, WakesItsThreadsAfterTheyFellAsleep) {
  ThreadPool threads(2);
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> waiting{0};
    // Each piece waits for the other, so the second thread must take part.
    threads.parallel_for(2, [&](std::size_t) {
      ++waiting;
      while (waiting < 2) std::this_thread::yield();
    });
    EXPECT_EQ(waiting, 2);
    for (int i = 0; i < 200; ++i) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace wenyuan::compute
