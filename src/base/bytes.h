// Little-endian binary encoding for messages between our own processes and for our own files.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan {

static_assert(std::endian::native == std::endian::little);

class ByteWriter {
 public:
  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) void put(Number value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof value);
  }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  void put(std::span<const float> values) {
    put(static_cast<std::uint32_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  std::string take() { return std::move(bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Never reads past the end: what is not there is nullopt, and everything after it too.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) std::optional<Number> number() {
    const auto raw = take(sizeof(Number));
    if (!raw) return std::nullopt;
    Number value;
    std::memcpy(&value, raw->data(), sizeof value);
    return value;
  }
  std::optional<std::string_view> text() {
    const auto size = number<std::uint32_t>();
    if (!size) return std::nullopt;
    return take(*size);
  }
  std::optional<std::vector<float>> floats() {
    const auto count = number<std::uint32_t>();
    if (!count || std::size_t{*count} * sizeof(float) > bytes_.size() - at_) {
      failed_ = true;
      return std::nullopt;
    }
    std::vector<float> values(*count);
    const auto raw = take(*count * sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), raw->data(), raw->size());
    return values;
  }
  bool at_end() const { return !failed_ && at_ == bytes_.size(); }

 private:
  std::optional<std::string_view> take(std::size_t size) {
    if (failed_ || size > bytes_.size() - at_) {
      failed_ = true;
      return std::nullopt;
    }
    const std::string_view raw = bytes_.substr(at_, size);
    at_ += size;
    return raw;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace wenyuan
