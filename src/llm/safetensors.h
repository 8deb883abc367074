// Reads tensors out of safetensors files, trusting nothing in them.
//
// Format: https://github.com/huggingface/safetensors (u64 length, JSON header, bytes). The files
// are mapped; every number of the header is checked against the file's size before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace wenyuan::llm {

enum class SafetensorsType { f64, f32, f16, bf16, f8_e4m3, i64, i32, i16, i8, u8, boolean };

std::optional<SafetensorsType> safetensors_type(std::string_view name);  // "BF16"
std::string_view name(SafetensorsType type);
std::size_t element_bytes(SafetensorsType type);

// A view into a mapped file. shape[0] is outermost; no dimensions is a single number.
struct SafetensorsView {
  std::string name;
  SafetensorsType type = SafetensorsType::f32;
  std::vector<std::uint64_t> shape;
  std::span<const std::uint8_t> bytes;

  std::uint64_t element_count() const { return bytes.size() / element_bytes(type); }
};

// Elements [from, from + out.size()) as single precision.
void read_elements(const SafetensorsView& view, std::uint64_t from, std::span<float> out);

using SafetensorsViews = std::map<std::string, SafetensorsView, std::less<>>;

// The tensors that the bytes of one file hold. unsupported_media when it is no safetensors file,
// corrupt when its header does not fit its bytes: tensors must follow each other without gaps.
Result<SafetensorsViews> parse_safetensors(std::span<const std::uint8_t> bytes);

// The tensors of one file, or of all the files of a Hugging Face directory. Thread-safe once
// opened; views stay valid as long as it lives.
class Safetensors {
 public:
  static Result<Safetensors> open(const std::filesystem::path& path);
  // model.safetensors, or the files that model.safetensors.index.json names. not_found when there
  // is neither.
  static Result<Safetensors> open_directory(const std::filesystem::path& folder);

  const SafetensorsView* tensor(std::string_view name) const;
  const SafetensorsViews& tensors() const { return tensors_; }

 private:
  Status add(const std::filesystem::path& path);

  std::vector<MappedFile> files_;
  SafetensorsViews tensors_;
};

}  // namespace wenyuan::llm
