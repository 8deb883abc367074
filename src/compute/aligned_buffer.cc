#include "compute/aligned_buffer.h"

#include <sys/mman.h>

#include <cstring>

namespace wenyuan::compute {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size) : size_(size) {
  const std::size_t alignment = size >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  bytes_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(alignment, rounded)));
  if (bytes_ == nullptr) {
    size_ = 0;
    return;
  }
  if (alignment == kHugePage) ::madvise(bytes_.get(), rounded, MADV_HUGEPAGE);
  std::memset(bytes_.get(), 0, rounded);
}

}  // namespace wenyuan::compute
