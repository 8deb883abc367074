#include "compute/thread_pool.h"

#include <algorithm>

#include "base/assert.h"
#include "compute/pinning.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace wenyuan::compute {
namespace {

// state_: 16 bits of round, 24 bits of size, 24 bits of the next piece.
constexpr unsigned kPieceBits = 24;
constexpr std::uint64_t kPieceMask = (std::uint64_t{1} << kPieceBits) - 1;

std::uint64_t next_piece(std::uint64_t state) { return state & kPieceMask; }
std::uint64_t piece_count(std::uint64_t state) { return (state >> kPieceBits) & kPieceMask; }
bool has_pieces(std::uint64_t state) { return next_piece(state) < piece_count(state); }

// Between two kernels of one pass lie microseconds, and waking a sleeper takes tens of them: so
// wait awake for about 100 microseconds first.
constexpr int kSpins = 2000;

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

ThreadPool::ThreadPool(std::size_t thread_count) {
  const auto pins = places(allowed_processors(), thread_count);
  for (std::size_t i = 1; i < thread_count; ++i) {
    workers_.emplace_back([this, pin = pins.empty() ? std::vector<int>() : pins[i]] {
      if (!pin.empty()) pin_this_thread(pin);
      run_worker();
    });
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  state_ =
      (state_ >> (2 * kPieceBits) << (2 * kPieceBits)) + (std::uint64_t{1} << (2 * kPieceBits));
  state_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count == 0) return;
  if (workers_.empty() || count == 1) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  publish(count, work);
  while (claim_and_run()) {
  }
  int spins = 0;
  for (;;) {
    const std::uint32_t finished = finished_.load(std::memory_order_acquire);
    if (finished == count) return;
    if (++spins > kSpins) {
      finished_.wait(finished);
    } else {
      relax();
    }
  }
}

void ThreadPool::publish(std::size_t count, const std::function<void(std::size_t)>& work) {
  WY_ASSERT(count <= kPieceMask);
  finished_.store(0, std::memory_order_relaxed);
  work_.store(&work, std::memory_order_relaxed);
  const std::uint64_t round = (state_.load(std::memory_order_relaxed) >> (2 * kPieceBits)) + 1;
  state_.store((round << (2 * kPieceBits)) | (std::uint64_t{count} << kPieceBits));
  if (sleeping_.load() != 0) state_.notify_all();
}

bool ThreadPool::claim_and_run() {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  do {
    if (!has_pieces(state)) return false;
  } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel));
  // Read only now: this piece keeps the work that it belongs to from ending.
  (*work_.load(std::memory_order_relaxed))(next_piece(state));
  const std::uint64_t count = piece_count(state);
  if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == count) finished_.notify_all();
  return true;
}

void ThreadPool::run_worker() {
  int spins = 0;
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (claim_and_run()) {
      spins = 0;
      continue;
    }
    if (++spins < kSpins) {
      relax();
      continue;
    }
    sleeping_.fetch_add(1);
    const std::uint64_t state = state_.load();
    if (!has_pieces(state) && !stopping_) state_.wait(state);
    sleeping_.fetch_sub(1);
    spins = 0;
  }
}

}  // namespace wenyuan::compute
