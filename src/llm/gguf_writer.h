// Writes a GGUF v3 model file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

// A value as it lies in a file, its type first.
struct GgufRawValue {
  std::string bytes;
};

// A metadata value with the width that it has in the file.
using GgufValue =
    std::variant<GgufRawValue, bool, std::uint32_t, std::int32_t, std::uint64_t, std::int64_t,
                 float, double, std::string, std::vector<std::uint8_t>, std::vector<std::uint32_t>,
                 std::vector<std::int32_t>, std::vector<float>, std::vector<std::string>>;

using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

// A tensor whose bytes come later.
struct GgufTensor {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::uint64_t> shape;  // innermost first

  std::uint64_t byte_count() const;
};

// What a file begins with, padded so that the bytes of the first tensor follow; the bytes of each
// tensor are then padded to a multiple of kGgufAlignment.
inline constexpr std::size_t kGgufAlignment = 32;
std::string encode_gguf_head(const GgufMetadata& metadata, std::span<const GgufTensor> tensors);

// Metadata and tensors come out in the order given.
class GgufWriter {
 public:
  // Each key once.
  void set(std::string key, GgufValue value);

  // shape[0] is innermost. `bytes` must be what the type and the shape ask for, and stay valid
  // until write().
  void add_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                  std::span<const std::uint8_t> bytes);

  // The file's content.
  std::string encode() const;
  Status write(const std::filesystem::path& path) const;

 private:
  GgufMetadata metadata_;
  std::vector<GgufTensor> tensors_;
  std::vector<std::span<const std::uint8_t>> bytes_;  // of each tensor
};

}  // namespace wenyuan::llm
