// Builds the bytes of GGUF files, good and bad, for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::llm {

// Appends numbers and texts as the format has them.
class GgufBytes {
 public:
  template <class Number>
  GgufBytes& put(Number value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes.append(raw, sizeof value);
    return *this;
  }
  GgufBytes& text(std::string_view value) {
    put(static_cast<std::uint64_t>(value.size()));
    bytes += value;
    return *this;
  }
  GgufBytes& header(std::uint64_t tensors, std::uint64_t pairs, std::uint32_t version = 3) {
    bytes += "GGUF";
    return put(version).put(tensors).put(pairs);
  }
  GgufBytes& key(std::string_view name, std::uint32_t type) { return text(name).put(type); }
  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& shape,
                    std::uint32_t type, std::uint64_t offset) {
    text(name).put(static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t size : shape) put(size);
    return put(type).put(offset);
  }
  GgufBytes& pad(std::size_t alignment = 32) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  GgufBytes& zeros(std::size_t count) {
    bytes.append(count, '\0');
    return *this;
  }

  std::string bytes;
};

// A whole model out of named values and tensors.
class GgufFile {
 public:
  void text(std::string_view key, std::string_view value) {
    pairs_.key(key, 8).text(value);
    ++pair_count_;
  }
  void integer(std::string_view key, std::uint32_t value) {
    pairs_.key(key, 4).put(value);
    ++pair_count_;
  }
  void real(std::string_view key, float value) {
    pairs_.key(key, 6).put(value);
    ++pair_count_;
  }
  void tensor(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint32_t type,
              std::span<const std::uint8_t> bytes) {
    infos_.tensor(name, shape, type, data_.bytes.size());
    data_.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    data_.pad();
    ++tensor_count_;
  }
  std::string bytes() const {
    GgufBytes file;
    file.header(tensor_count_, pair_count_);
    file.bytes += pairs_.bytes + infos_.bytes;
    file.pad();
    return file.bytes + data_.bytes;
  }

 private:
  GgufBytes pairs_;
  GgufBytes infos_;
  GgufBytes data_;
  std::uint64_t pair_count_ = 0;
  std::uint64_t tensor_count_ = 0;
};

// A file that is gone when the test is.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, std::string_view content)
      : path_(std::filesystem::temp_directory_path() / name) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace wenyuan::llm
