// Turns a Hugging Face model directory into a GGUF file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

enum class EncoderPooling { mean, cls };

struct ConvertOptions {
  // Nothing: the format of the checkpoint, or what comes nearest to it.
  std::optional<TensorType> type;
  std::string name;                       // general.name; empty: the directory's
  std::string pretokenizer;               // tokenizer.ggml.pre; empty: found by its patterns
  std::optional<EncoderPooling> pooling;  // of encoders; nothing: as the directory says
  // Told from time to time: which tensor is written, and of how many.
  std::function<void(std::string_view tensor, std::size_t at, std::size_t of)> on_tensor;
};

// Tensor by tensor, so that the memory needed does not grow with the model; the file appears whole
// or not at all. unsupported_media says what stands against a conversion, corrupt what does not
// fit; the directory is not trusted.
Status convert_directory(const std::filesystem::path& folder, const std::filesystem::path& to,
                         const ConvertOptions& options = {});

}  // namespace wenyuan::llm
