// Zeroed memory for weights: on a cache line, in huge pages where the kernel grants them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace wenyuan::compute {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size);  // data() is null when there is no memory

  std::uint8_t* data() { return bytes_.get(); }
  const std::uint8_t* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    // What std::aligned_alloc gave.
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }  // NOLINT
  };
  std::unique_ptr<std::uint8_t, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace wenyuan::compute
