// Keeps the inputs that libFuzzer makes small, where larger ones cost time and reach nothing more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

// Once in a target. Inputs that are given, as seeds or to be run again, stay as they are.
#define WY_FUZZ_SIZE_MAX(limit)                                                        \
  extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, \
                                                 std::size_t size_max, unsigned);      \
  extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, \
                                                 std::size_t size_max, unsigned) {     \
    const std::size_t most = std::min<std::size_t>(size_max, limit);                   \
    return LLVMFuzzerMutate(data, std::min(size, most), most);                         \
  }                                                                                    \
  static_assert((limit) > 0)
