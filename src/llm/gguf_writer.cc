#include "llm/gguf_writer.h"

#include <type_traits>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/file.h"

namespace wenyuan::llm {
namespace {

constexpr std::uint32_t kVersion = 3;

// The numbers that the format gives to the types of metadata.
constexpr std::uint32_t kArray = 9;
template <class T>
constexpr std::uint32_t type_number() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return 0;
  if constexpr (std::is_same_v<T, std::uint32_t>) return 4;
  if constexpr (std::is_same_v<T, std::int32_t>) return 5;
  if constexpr (std::is_same_v<T, float>) return 6;
  if constexpr (std::is_same_v<T, bool>) return 7;
  if constexpr (std::is_same_v<T, std::string>) return 8;
  if constexpr (std::is_same_v<T, std::uint64_t>) return 10;
  if constexpr (std::is_same_v<T, std::int64_t>) return 11;
  if constexpr (std::is_same_v<T, double>) return 12;
}

std::size_t aligned(std::size_t size) {
  return (size + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
}

class Output {
 public:
  explicit Output(std::size_t size) { bytes_.reserve(size); }

  template <class Number>
  requires std::is_arithmetic_v<Number>
  void put(Number value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void put(const std::string& text) {
    put(std::uint64_t{text.size()});
    bytes_ += text;
  }
  void put(bool value) { bytes_ += value ? '\1' : '\0'; }

  void put_value(const GgufRawValue& value) { bytes_ += value.bytes; }
  template <class T>
  void put_value(const T& value) {
    put(type_number<T>());
    put(value);
  }
  template <class T>
  void put_value(const std::vector<T>& values) {
    put(kArray);
    put(type_number<T>());
    put(std::uint64_t{values.size()});
    for (const T& value : values) put(value);
  }
  void pad() { bytes_.resize(aligned(bytes_.size())); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace

void GgufWriter::set(std::string key, GgufValue value) {
  for (const auto& entry : metadata_) WY_ASSERT(entry.first != key);
  metadata_.emplace_back(std::move(key), std::move(value));
}

std::uint64_t GgufTensor::byte_count() const {
  const auto block = block_size(type);
  WY_ASSERT(block && !shape.empty() && shape.size() <= 4);
  WY_ASSERT(shape.front() % block->elements == 0);
  std::uint64_t elements = 1;
  for (const std::uint64_t size : shape) elements *= size;
  return elements / block->elements * block->bytes;
}

std::string encode_gguf_head(const GgufMetadata& metadata, std::span<const GgufTensor> tensors) {
  Output output(4096);
  output.put(std::uint32_t{0x46554747});  // "GGUF"
  output.put(kVersion);
  output.put(std::uint64_t{tensors.size()});
  output.put(std::uint64_t{metadata.size()});
  for (const auto& [key, value] : metadata) {
    output.put(key);
    std::visit([&](const auto& held) { output.put_value(held); }, value);
  }
  std::uint64_t offset = 0;
  for (const GgufTensor& tensor : tensors) {
    output.put(tensor.name);
    output.put(static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::uint64_t size : tensor.shape) output.put(size);
    output.put(static_cast<std::uint32_t>(tensor.type));
    output.put(offset);
    offset += aligned(tensor.byte_count());
  }
  output.pad();
  return output.take();
}

void GgufWriter::add_tensor(std::string name, TensorType type, std::vector<std::uint64_t> shape,
                            std::span<const std::uint8_t> bytes) {
  tensors_.push_back({std::move(name), type, std::move(shape)});
  WY_ASSERT(tensors_.back().byte_count() == bytes.size());
  bytes_.push_back(bytes);
}

std::string GgufWriter::encode() const {
  std::size_t data_size = 0;
  for (const auto bytes : bytes_) data_size += aligned(bytes.size());
  std::string file = encode_gguf_head(metadata_, tensors_);
  file.reserve(file.size() + data_size);
  for (const auto bytes : bytes_) {
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    file.resize(aligned(file.size()));
  }
  return file;
}

Status GgufWriter::write(const std::filesystem::path& path) const {
  return write_file_durably(path, encode(), 0644);
}

}  // namespace wenyuan::llm
