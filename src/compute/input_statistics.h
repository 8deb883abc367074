// What goes into a matrix, summed up over a text: the importance of its columns for quantising it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace wenyuan::compute {

// Thread-safe.
class InputStatistics {
 public:
  InputStatistics(std::size_t inputs, std::size_t parts)
      : squares_(inputs * parts), counts_(parts), inputs_(inputs) {}

  void add(std::size_t part, std::span<const float> row) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < inputs_; ++i) {
      squares_[part * inputs_ + i] += double{row[i]} * double{row[i]};
    }
    ++counts_[part];
  }

  // Sums of the squares: parts x inputs. Not while something is added.
  std::span<const double> squares() const { return squares_; }
  // Rows, for each part.
  std::span<const std::uint64_t> counts() const { return counts_; }

 private:
  std::mutex mutex_;
  std::vector<double> squares_;
  std::vector<std::uint64_t> counts_;
  std::size_t inputs_;
};

}  // namespace wenyuan::compute
