// What this machine gives right now: how fast one thread, or several, read memory, and how much of
// a core other work takes away.
//
//   machine_bench [threads]
//
// Prints "read GB/s" (the median of nine passes over 1 GiB) and "lost %" (the share of a second in
// which a spinning thread was not running, as gaps of more than 50 us between two looks at a
// clock).
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <thread>
#include <vector>

#include "compute/aligned_buffer.h"

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBytes = std::size_t{1} << 30;
constexpr int kPasses = 9;

__attribute__((target_clones("default", "avx2", "avx512f"))) std::uint64_t sum(
    const std::uint64_t* from, std::size_t count) {
  std::uint64_t sums[64] = {};
  for (std::size_t i = 0; i < count; i += 64) {
    for (std::size_t j = 0; j < 64; ++j) sums[j] += from[i + j];
  }
  std::uint64_t all = 0;
  for (const std::uint64_t one : sums) all += one;
  return all;
}

double read_once(const std::uint64_t* memory, std::size_t threads) {
  const std::size_t words = kBytes / sizeof(std::uint64_t) / threads / 64 * 64;
  std::vector<std::uint64_t> results(threads);
  std::latch ready(static_cast<std::ptrdiff_t>(threads) + 1);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      ready.arrive_and_wait();
      results[i] = sum(memory + i * words, words);
    });
  }
  ready.arrive_and_wait();
  const auto began = Clock::now();
  for (std::thread& worker : workers) worker.join();
  const double seconds = Seconds(Clock::now() - began).count();
  volatile std::uint64_t used = results[0];
  (void)used;
  return static_cast<double>(words * threads * sizeof(std::uint64_t)) / seconds / 1e9;
}

double lost_share() {
  const auto began = Clock::now();
  auto last = began;
  Seconds lost{};
  while (last - began < std::chrono::seconds(1)) {
    const auto now = Clock::now();
    if (now - last > std::chrono::microseconds(50)) lost += now - last;
    last = now;
  }
  return lost.count();
}

}  // namespace

int main(int count, char** arguments) {
  const long threads = count > 1 ? std::strtol(arguments[1], nullptr, 10) : 1;
  if (threads < 1 || threads > 256) return 1;
  wenyuan::compute::AlignedBuffer memory(kBytes);
  auto* words = reinterpret_cast<std::uint64_t*>(memory.data());
  std::fill_n(words, kBytes / sizeof(std::uint64_t), 1U);
  std::vector<double> rates;
  for (int pass = 0; pass < kPasses; ++pass) {
    rates.push_back(read_once(words, static_cast<std::size_t>(threads)));
  }
  std::sort(rates.begin(), rates.end());
  std::printf("read %.1f GB/s\nlost %.2f %%\n", rates[kPasses / 2], 100 * lost_share());
  return 0;
}
