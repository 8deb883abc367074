// Reads a GGUF v3 model file, trusting nothing in it.
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The file is mapped; every
// count, length, offset and product is checked against the file's size before it is used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace wenyuan::llm {

// Numbers as in the file format.
enum class TensorType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq4_nl = 20,
  iq4_xs = 23,
  i32 = 26,
  bf16 = 30,
  mxfp4 = 39,
};

// Elements and bytes of one block; nothing for a type that we cannot read.
struct BlockSize {
  std::size_t elements;
  std::size_t bytes;
};
std::optional<BlockSize> block_size(TensorType type);
std::string_view name(TensorType type);  // "Q4_K"; "?" when unknown

// A view into the mapped file. shape[0] is innermost (input features), as in the file.
struct TensorView {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::uint64_t> shape;  // 1 to 4 dimensions
  std::span<const std::uint8_t> bytes;

  std::uint64_t element_count() const;
};

// A metadata value. Integers of every width are int64 or uint64; floats are double.
using MetaValue =
    std::variant<bool, std::int64_t, std::uint64_t, double, std::string, std::vector<bool>,
                 std::vector<std::int64_t>, std::vector<std::uint64_t>, std::vector<double>,
                 std::vector<std::string>>;

// Thread-safe once opened; views stay valid as long as it lives.
class Gguf {
 public:
  // corrupt names what is wrong and at which byte; unsupported_media when it is no GGUF v3. Of a
  // model in several files the first is named; the others lie beside it.
  static Result<Gguf> open(const std::filesystem::path& path);

  const MetaValue* find(std::string_view key) const;
  std::optional<std::string_view> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;  // signed or not, when it fits
  std::optional<double> real(std::string_view key) const;           // integers convert
  std::optional<bool> flag(std::string_view key) const;
  const std::vector<std::string>* texts(std::string_view key) const;
  // Any numeric array, converted.
  std::optional<std::vector<double>> reals(std::string_view key) const;
  std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;

  const TensorView* tensor(std::string_view name) const;
  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }
  const std::map<std::string, MetaValue, std::less<>>& metadata() const { return metadata_; }
  // A value as it lies in the file, its type first; empty when there is none.
  std::span<const std::uint8_t> raw_value(std::string_view key) const;
  std::string architecture() const;  // general.architecture, or ""
  std::size_t size_bytes() const;    // of all its files

 private:
  explicit Gguf(MappedFile file) { files_.push_back(std::move(file)); }
  static Result<Gguf> open_one(const std::filesystem::path& path);
  Status add_parts(const std::filesystem::path& first);
  Status add_part(Gguf part, std::int64_t number, std::int64_t count);

  std::vector<MappedFile> files_;
  std::map<std::string, MetaValue, std::less<>> metadata_;
  std::map<std::string, std::span<const std::uint8_t>, std::less<>> raw_values_;
  std::map<std::string, TensorView, std::less<>> tensors_;
};

}  // namespace wenyuan::llm
