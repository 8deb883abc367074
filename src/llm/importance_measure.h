// Measures the importance of a model's weights: runs it over a text and sums up what goes in.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "compute/thread_pool.h"
#include "llm/gguf.h"
#include "llm/importance_matrix.h"

namespace wenyuan::llm {

struct MeasureOptions {
  std::size_t chunk_tokens = 512;  // each begins with an empty context
  std::size_t chunks_max = 1000;
  std::function<void(std::size_t at, std::size_t of)> on_chunk;
};

struct Measured {
  ImportanceMatrix matrix;
  std::size_t chunks = 0;
};

// invalid_argument when the text has less than one chunk of tokens.
Result<Measured> measure_importance(const std::shared_ptr<const Gguf>& file, std::string_view text,
                                    compute::ThreadPool& threads,
                                    const MeasureOptions& options = {});

}  // namespace wenyuan::llm
