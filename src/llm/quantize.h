// Writes a model anew with its weights in smaller formats.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "compute/thread_pool.h"
#include "llm/gguf.h"
#include "llm/importance_matrix.h"
#include "llm/quantize_mix.h"

namespace wenyuan::llm {

struct QuantizeOptions {
  const ImportanceMatrix* importance = nullptr;  // or rounding to nearest
  // Told before each tensor.
  std::function<void(std::string_view tensor, TensorType from, TensorType to)> on_tensor;
};

// Some rows at a time, so that the memory needed does not grow with the model; the file appears
// whole or not at all, and a model in several files becomes one. unsupported_media when a format
// cannot be read or written.
Status quantize_model(const Gguf& file, const std::filesystem::path& to, const QuantizeMix& mix,
                      compute::ThreadPool& threads, const QuantizeOptions& options = {});

}  // namespace wenyuan::llm
