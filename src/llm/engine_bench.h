// Measures one model: how fast prompts are read and tokens are written, and where the time goes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace wenyuan::llm {

struct BenchOptions {
  std::filesystem::path model;
  std::size_t threads = 1;
  std::size_t prompt = 512;  // tokens read at once; 0: none
  std::size_t tokens = 64;   // tokens written one by one; 0: none
  std::size_t depth = 0;     // tokens in the context before either
  std::size_t rounds = 3;
  std::string kernels = "best";  // plain, avx2, avx512, amx
  std::string cache = "f16";     // or q8_0
};

// Prints the best and the median of the rounds, and for the last one the share of each operator.
Status run_bench(const BenchOptions& options);

}  // namespace wenyuan::llm
