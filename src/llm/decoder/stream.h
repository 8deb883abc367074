// What flows through a decoder's layers: the states of some tokens, and the memory to work on them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/activations.h"
#include "compute/kernels.h"
#include "compute/thread_pool.h"

namespace wenyuan::llm {

// Where the time goes.
enum class Operator {
  embedding,
  attention_input,
  attention,
  attention_output,
  router,
  feed_forward,
  experts,
  logits
};
constexpr std::size_t kOperatorCount = 8;
using OperatorTimes = std::array<std::chrono::nanoseconds, kOperatorCount>;

// Some tokens of one sequence: positions [begin, begin + count).
struct Pass {
  std::size_t begin = 0;
  std::size_t count = 0;
};

class Stream {
 public:
  Stream(std::size_t state_width, float norm_epsilon, compute::ThreadPool& pool,
         const compute::Kernels& instructions)
      : width(state_width),
        epsilon(norm_epsilon),
        threads(pool),
        kernels(instructions),
        activations(instructions),
        gathered(instructions) {}

  const std::size_t width;
  const float epsilon;  // of the norms
  compute::ThreadPool& threads;
  const compute::Kernels& kernels;

  std::vector<float> hidden;         // a row of `width` for each token
  compute::Activations activations;  // what goes into the next products
  compute::Activations gathered;     // rows of it in another order
  OperatorTimes times{};

  // Names for scratch memory. What is in a room stays until the next who asks for it.
  enum class Room {
    queries,
    keys,
    values,
    attended,
    gates,
    ups,
    downs,
    more_gates,
    more_ups,
    sums
  };
  static constexpr std::size_t kRoomCount = 10;
  float* room(Room name, std::size_t size) {
    std::vector<float>& floats = rooms_[static_cast<std::size_t>(name)];
    if (floats.size() < size) floats.resize(size);
    return floats.data();
  }

  // Brings the normed states of the first `rows` tokens into the forms.
  void fill_normed(const std::vector<float>& norm, std::size_t rows,
                   compute::ActivationForms forms);
  // Rows of numbers, one behind the other.
  void fill(compute::Activations& target, const float* from, std::size_t rows,
            std::size_t row_width, compute::ActivationForms forms);

 private:
  std::array<std::vector<float>, kRoomCount> rooms_;
};

// Adds the time that it lives to an operator's.
class Timed {
 public:
  Timed(Stream& stream, Operator which)
      : time_(stream.times[static_cast<std::size_t>(which)]), began_(Clock::now()) {}
  ~Timed() { time_ += Clock::now() - began_; }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::nanoseconds& time_;
  Clock::time_point began_;
};

// Runs work(row) for every row, some rows at a time on each thread.
template <class Work>
void for_rows(compute::ThreadPool& threads, std::size_t rows, const Work& work) {
  constexpr std::size_t kRowsPerPiece = 8;
  threads.parallel_for((rows + kRowsPerPiece - 1) / kRowsPerPiece, [&](std::size_t piece) {
    const std::size_t end = rows < (piece + 1) * kRowsPerPiece ? rows : (piece + 1) * kRowsPerPiece;
    for (std::size_t row = piece * kRowsPerPiece; row < end; ++row) work(row);
  });
}

}  // namespace wenyuan::llm
