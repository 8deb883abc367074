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

// A metadata value with the width that it has in the file.
using GgufValue = std::variant<bool, std::uint32_t, std::int32_t, std::uint64_t, std::int64_t,
                               float, double, std::string, std::vector<std::uint8_t>,
                               std::vector<std::uint32_t>, std::vector<std::int32_t>,
                               std::vector<float>, std::vector<std::string>>;

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
  std::vector<std::pair<std::string, GgufValue>> metadata_;
  std::vector<TensorView> tensors_;
};

}  // namespace wenyuan::llm
