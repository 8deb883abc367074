// Makes the checkpoints that reference/decoders/*.json describe: the same weights, by the same
// formula, as reference/make_decoder_references.py gave to transformers.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::llm {

// What transformers answered. An empty object when there is no such file.
nlohmann::json read_decoder_reference(const std::string& name);

// Element i of a tensor is center + amplitude * (2 u - 1), u out of its name and i.
std::vector<float> reference_values(std::string_view name, std::size_t count, double center,
                                    double amplitude);

// A Hugging Face directory with such weights, gone when the object is.
class ReferenceCheckpoint {
 public:
  // `config` is a key of the reference: "config" or "config_saved".
  ReferenceCheckpoint(const nlohmann::json& reference, const char* config);
  ~ReferenceCheckpoint();
  ReferenceCheckpoint(const ReferenceCheckpoint&) = delete;
  ReferenceCheckpoint& operator=(const ReferenceCheckpoint&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path gguf() const { return folder_ / "model.gguf"; }

 private:
  std::filesystem::path folder_;
};

// The bytes of a safetensors file with single-precision tensors; their order is that of the names.
struct NamedTensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::vector<float> values;
};
std::string safetensors_bytes(const std::vector<NamedTensor>& tensors);

}  // namespace wenyuan::llm
