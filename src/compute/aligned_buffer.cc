#include "compute/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace wenyuan::compute {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t rounded(std::size_t size, std::size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

// Mapped, so that the pages are touched first by the threads that fill them.
std::uint8_t* map_pages(std::size_t size) {
  void* all =
      ::mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::uint8_t*>(all);
  const std::size_t before = rounded(reinterpret_cast<std::uintptr_t>(begin), kHugePage) -
                             reinterpret_cast<std::uintptr_t>(begin);
  if (before != 0) ::munmap(begin, before);
  if (before != kHugePage) ::munmap(begin + before + size, kHugePage - before);
  ::madvise(begin + before, size, MADV_HUGEPAGE);
  return begin + before;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size) : size_(size) {
  if (size >= kHugePage) {
    bytes_ = map_pages(rounded(size, kHugePage));
  } else {
    const std::size_t whole = rounded(size, kCacheLine);
    bytes_ = static_cast<std::uint8_t*>(std::aligned_alloc(kCacheLine, whole));
    if (bytes_ != nullptr) std::memset(bytes_, 0, whole);
  }
  if (bytes_ == nullptr) size_ = 0;
}

AlignedBuffer::~AlignedBuffer() {
  if (bytes_ == nullptr) return;
  if (size_ >= kHugePage) {
    ::munmap(bytes_, rounded(size_, kHugePage));
  } else {
    std::free(bytes_);  // NOLINT: what std::aligned_alloc gave
  }
}

}  // namespace wenyuan::compute
