#include "llm/gguf.h"

namespace wenyuan::llm {

std::optional<BlockSize> block_size(TensorType type) {
  switch (type) {
    case TensorType::f32:
    case TensorType::i32: return BlockSize{1, 4};
    case TensorType::f16:
    case TensorType::bf16: return BlockSize{1, 2};
    case TensorType::q4_0:
    case TensorType::iq4_nl: return BlockSize{32, 18};
    case TensorType::q4_1: return BlockSize{32, 20};
    case TensorType::q5_0: return BlockSize{32, 22};
    case TensorType::q5_1: return BlockSize{32, 24};
    case TensorType::q8_0: return BlockSize{32, 34};
    case TensorType::mxfp4: return BlockSize{32, 17};
    case TensorType::q2_k: return BlockSize{256, 84};
    case TensorType::q3_k: return BlockSize{256, 110};
    case TensorType::q4_k: return BlockSize{256, 144};
    case TensorType::q5_k: return BlockSize{256, 176};
    case TensorType::q6_k: return BlockSize{256, 210};
    case TensorType::iq4_xs: return BlockSize{256, 136};
  }
  return std::nullopt;
}

std::string_view name(TensorType type) {
  switch (type) {
    case TensorType::f32: return "F32";
    case TensorType::f16: return "F16";
    case TensorType::q4_0: return "Q4_0";
    case TensorType::q4_1: return "Q4_1";
    case TensorType::q5_0: return "Q5_0";
    case TensorType::q5_1: return "Q5_1";
    case TensorType::q8_0: return "Q8_0";
    case TensorType::q2_k: return "Q2_K";
    case TensorType::q3_k: return "Q3_K";
    case TensorType::q4_k: return "Q4_K";
    case TensorType::q5_k: return "Q5_K";
    case TensorType::q6_k: return "Q6_K";
    case TensorType::iq4_nl: return "IQ4_NL";
    case TensorType::iq4_xs: return "IQ4_XS";
    case TensorType::i32: return "I32";
    case TensorType::bf16: return "BF16";
    case TensorType::mxfp4: return "MXFP4";
  }
  return "?";
}

std::uint64_t TensorView::element_count() const {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) count *= size;
  return count;
}

const MetaValue* Gguf::find(std::string_view key) const {
  const auto at = metadata_.find(key);
  return at == metadata_.end() ? nullptr : &at->second;
}

std::span<const std::uint8_t> Gguf::raw_value(std::string_view key) const {
  const auto at = raw_values_.find(key);
  return at == raw_values_.end() ? std::span<const std::uint8_t>() : at->second;
}

std::optional<std::string_view> Gguf::text(std::string_view key) const {
  const MetaValue* value = find(key);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  if (text == nullptr) return std::nullopt;
  return std::string_view(*text);
}

std::optional<std::int64_t> Gguf::integer(std::string_view key) const {
  const MetaValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(value)) return *number;
  const auto* number = std::get_if<std::uint64_t>(value);
  if (number == nullptr || *number > std::uint64_t{INT64_MAX}) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<double> Gguf::real(std::string_view key) const {
  const MetaValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<double>(value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(value)) return static_cast<double>(*number);
  return std::nullopt;
}

std::optional<bool> Gguf::flag(std::string_view key) const {
  const MetaValue* value = find(key);
  const bool* flag = value == nullptr ? nullptr : std::get_if<bool>(value);
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

const std::vector<std::string>* Gguf::texts(std::string_view key) const {
  const MetaValue* value = find(key);
  return value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
}

std::optional<std::vector<double>> Gguf::reals(std::string_view key) const {
  const MetaValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* list = std::get_if<std::vector<double>>(value)) return *list;
  std::vector<double> result;
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(value)) {
    for (const std::int64_t item : *list) result.push_back(static_cast<double>(item));
    return result;
  }
  if (const auto* list = std::get_if<std::vector<std::uint64_t>>(value)) {
    for (const std::uint64_t item : *list) result.push_back(static_cast<double>(item));
    return result;
  }
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> Gguf::integers(std::string_view key) const {
  const MetaValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(value)) return *list;
  const auto* list = std::get_if<std::vector<std::uint64_t>>(value);
  if (list == nullptr) return std::nullopt;
  std::vector<std::int64_t> result;
  for (const std::uint64_t item : *list) {
    if (item > std::uint64_t{INT64_MAX}) return std::nullopt;
    result.push_back(static_cast<std::int64_t>(item));
  }
  return result;
}

const TensorView* Gguf::tensor(std::string_view name) const {
  const auto at = tensors_.find(name);
  return at == tensors_.end() ? nullptr : &at->second;
}

std::size_t Gguf::size_bytes() const {
  std::size_t size = 0;
  for (const MappedFile& file : files_) size += file.bytes().size();
  return size;
}

std::string Gguf::architecture() const {
  return std::string(text("general.architecture").value_or(""));
}

}  // namespace wenyuan::llm
