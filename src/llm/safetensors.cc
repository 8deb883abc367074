#include "llm/safetensors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include "base/assert.h"
#include "base/half.h"
#include "base/text.h"
#include "llm/json_file.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr std::uint64_t kHeaderSizeMax = 100'000'000;  // as the reference implementation has it
constexpr std::size_t kIndexSizeMax = std::size_t{64} << 20;
constexpr std::size_t kTensorsMax = std::size_t{1} << 18;
constexpr std::size_t kDimensionsMax = 8;
constexpr std::size_t kFilesMax = 1000;

constexpr std::array<std::pair<std::string_view, SafetensorsType>, 11> kTypes{
    {{"F64", SafetensorsType::f64},
     {"F32", SafetensorsType::f32},
     {"F16", SafetensorsType::f16},
     {"BF16", SafetensorsType::bf16},
     {"F8_E4M3", SafetensorsType::f8_e4m3},
     {"I64", SafetensorsType::i64},
     {"I32", SafetensorsType::i32},
     {"I16", SafetensorsType::i16},
     {"I8", SafetensorsType::i8},
     {"U8", SafetensorsType::u8},
     {"BOOL", SafetensorsType::boolean}}};

std::string shown(std::string_view text) { return json_quoted(text.substr(0, 200)); }

Error corrupt(std::string_view tensor, const std::string& what) {
  return Error{ErrorCode::corrupt, "tensor " + shown(tensor) + " " + what};
}

// Four bits of exponent, three of mantissa, no infinities.
float e4m3_to_float(std::uint8_t value) {
  const int exponent = (value >> 3) & 15;
  const int mantissa = value & 7;
  float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                  : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  if ((value & 0x7F) == 0x7F) magnitude = std::numeric_limits<float>::quiet_NaN();
  return (value & 0x80) != 0 ? -magnitude : magnitude;
}

template <class Stored, class Decode>
void decode_all(const std::uint8_t* bytes, std::span<float> out, Decode decode) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes + i * sizeof stored, sizeof stored);
    out[i] = decode(stored);
  }
}

template <class Stored>
void convert_all(const std::uint8_t* bytes, std::span<float> out) {
  decode_all<Stored>(bytes, out, [](Stored stored) { return static_cast<float>(stored); });
}

struct Extent {
  std::uint64_t begin;
  std::uint64_t end;
  std::string name;
};

Result<std::uint64_t> natural(const json& value, std::string_view tensor, const char* what) {
  if (!value.is_number_unsigned()) {
    return corrupt(tensor, std::string("has ") + what + " that is no natural number");
  }
  return value.get<std::uint64_t>();
}

// The shape, and how many bytes it asks for.
Result<std::uint64_t> read_shape(const json& entry, SafetensorsView& view) {
  const auto shape = entry.find("shape");
  if (shape == entry.end() || !shape->is_array()) return corrupt(view.name, "has no shape");
  if (shape->size() > kDimensionsMax) {
    return corrupt(view.name, "has " + std::to_string(shape->size()) + " dimensions");
  }
  std::uint64_t elements = 1;
  for (const json& item : *shape) {
    WY_TRY(const std::uint64_t size, natural(item, view.name, "a size"));
    if (size != 0 && elements > std::uint64_t{INT64_MAX} / 8 / size) {
      return corrupt(view.name, "has an impossible size " + std::to_string(size));
    }
    elements *= size;
    view.shape.push_back(size);
  }
  return elements * element_bytes(view.type);
}

Result<Extent> read_entry(const json& entry, std::uint64_t data_size, SafetensorsView& view) {
  if (!entry.is_object()) return corrupt(view.name, "is described by no object");
  const auto type = entry.find("dtype");
  if (type == entry.end() || !type->is_string()) return corrupt(view.name, "has no dtype");
  const auto known = safetensors_type(type->get_ref<const std::string&>());
  if (!known) {
    return Error{ErrorCode::unsupported_media, "tensor " + shown(view.name) + " has the dtype " +
                                                   shown(type->get_ref<const std::string&>()) +
                                                   ", which we cannot read"};
  }
  view.type = *known;
  WY_TRY(const std::uint64_t size, read_shape(entry, view));
  const auto offsets = entry.find("data_offsets");
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) {
    return corrupt(view.name, "has no data_offsets");
  }
  WY_TRY(const std::uint64_t begin, natural((*offsets)[0], view.name, "an offset"));
  WY_TRY(const std::uint64_t end, natural((*offsets)[1], view.name, "an offset"));
  if (end < begin || end > data_size) {
    return corrupt(view.name, "lies beyond the end of the file");
  }
  if (end - begin != size) {
    return corrupt(view.name, "has " + std::to_string(end - begin) + " bytes instead of " +
                                  std::to_string(size));
  }
  return Extent{begin, end, view.name};
}

Status check_extents(std::vector<Extent> extents, std::uint64_t data_size) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const Extent& extent : extents) {
    if (extent.begin < at) return corrupt(extent.name, "overlaps another");
    if (extent.begin > at) return corrupt(extent.name, "does not follow the one before it");
    at = extent.end;
  }
  if (at != data_size) {
    return Error{ErrorCode::corrupt, std::to_string(data_size - at) +
                                         " bytes at the end of the file belong to no tensor"};
  }
  return Done{};
}

// A name of a file in the same directory and nothing else.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() < 256 && name.find('/') == std::string::npos &&
         name.find('\\') == std::string::npos && name.find('\0') == std::string::npos &&
         name.front() != '.' && name.ends_with(".safetensors");
}

Result<std::set<std::string>> files_of_index(const json& weight_map) {
  std::set<std::string> names;
  for (const json& name : weight_map) {
    if (!name.is_string() || !is_plain_name(name.get_ref<const std::string&>())) {
      return Error{ErrorCode::unsupported_media,
                   "the index names a file that is no safetensors file of its directory"};
    }
    names.insert(name.get<std::string>());
  }
  if (names.empty() || names.size() > kFilesMax) {
    return Error{ErrorCode::unsupported_media,
                 "the index names " + std::to_string(names.size()) + " files"};
  }
  return names;
}

}  // namespace

std::optional<SafetensorsType> safetensors_type(std::string_view wanted) {
  for (const auto& [text, type] : kTypes) {
    if (text == wanted) return type;
  }
  return std::nullopt;
}

std::string_view name(SafetensorsType type) {
  for (const auto& [text, known] : kTypes) {
    if (known == type) return text;
  }
  return "?";
}

std::size_t element_bytes(SafetensorsType type) {
  switch (type) {
    case SafetensorsType::f64:
    case SafetensorsType::i64: return 8;
    case SafetensorsType::f32:
    case SafetensorsType::i32: return 4;
    case SafetensorsType::f16:
    case SafetensorsType::bf16:
    case SafetensorsType::i16: return 2;
    case SafetensorsType::f8_e4m3:
    case SafetensorsType::i8:
    case SafetensorsType::u8:
    case SafetensorsType::boolean: return 1;
  }
  return 1;
}

void read_elements(const SafetensorsView& view, std::uint64_t from, std::span<float> out) {
  WY_ASSERT(from <= view.element_count() && out.size() <= view.element_count() - from);
  if (out.empty()) return;
  const std::uint8_t* bytes = view.bytes.data() + from * element_bytes(view.type);
  switch (view.type) {
    case SafetensorsType::f64: return convert_all<double>(bytes, out);
    case SafetensorsType::f32: std::memcpy(out.data(), bytes, out.size_bytes()); return;
    case SafetensorsType::f16: return decode_all<std::uint16_t>(bytes, out, half_to_float);
    case SafetensorsType::bf16: return decode_all<std::uint16_t>(bytes, out, bfloat16_to_float);
    case SafetensorsType::f8_e4m3: return decode_all<std::uint8_t>(bytes, out, e4m3_to_float);
    case SafetensorsType::i64: return convert_all<std::int64_t>(bytes, out);
    case SafetensorsType::i32: return convert_all<std::int32_t>(bytes, out);
    case SafetensorsType::i16: return convert_all<std::int16_t>(bytes, out);
    case SafetensorsType::i8: return convert_all<std::int8_t>(bytes, out);
    case SafetensorsType::u8:
    case SafetensorsType::boolean: return convert_all<std::uint8_t>(bytes, out);
  }
}

Result<SafetensorsViews> parse_safetensors(std::span<const std::uint8_t> bytes) {
  const auto refused = [](const std::string& why) {
    return Error{ErrorCode::unsupported_media, "not a safetensors file: " + why};
  };
  std::uint64_t header_size = 0;
  if (bytes.size() < sizeof header_size) return refused("it has less than 8 bytes");
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  if (header_size > kHeaderSizeMax) {
    return refused("a header of " + std::to_string(header_size) + " bytes is too long");
  }
  const auto rest = bytes.subspan(sizeof header_size);
  if (header_size > rest.size()) return refused("it ends inside its header");
  const std::string_view header(reinterpret_cast<const char*>(rest.data()), header_size);
  if (!header.starts_with('{')) return refused("its header does not begin with {");
  WY_TRY(const json entries, parse_json_object(header, "the header of the safetensors file"));
  if (entries.size() > kTensorsMax) {
    return refused(std::to_string(entries.size()) + " tensors are too many");
  }
  const auto data = rest.subspan(header_size);
  SafetensorsViews views;
  std::vector<Extent> extents;
  for (const auto& [key, entry] : entries.items()) {
    if (key == "__metadata__") continue;
    SafetensorsView view;
    view.name = key;
    WY_TRY(Extent extent, read_entry(entry, data.size(), view));
    view.bytes = data.subspan(extent.begin, extent.end - extent.begin);
    extents.push_back(std::move(extent));
    views.emplace(key, std::move(view));
  }
  WY_RETURN_IF_ERROR(check_extents(std::move(extents), data.size()));
  return views;
}

Status Safetensors::add(const fs::path& path) {
  WY_TRY(MappedFile file, MappedFile::open(path));
  auto views = parse_safetensors(file.bytes());
  if (!views) return within(path.filename().string(), std::move(views).error());
  files_.push_back(std::move(file));
  for (auto& [key, view] : *views) {
    const auto [at, is_new] = tensors_.emplace(key, std::move(view));
    if (!is_new) return corrupt(key, "is in two files");
  }
  return Done{};
}

Result<Safetensors> Safetensors::open(const fs::path& path) {
  Safetensors result;
  WY_RETURN_IF_ERROR(result.add(path));
  return result;
}

Result<Safetensors> Safetensors::open_directory(const fs::path& folder) {
  std::error_code ignored;
  const fs::path index = folder / "model.safetensors.index.json";
  if (!fs::exists(index, ignored)) {
    if (fs::exists(folder / "model.safetensors", ignored))
      return open(folder / "model.safetensors");
    return Error{ErrorCode::not_found, folder.string() +
                                           " has neither model.safetensors nor "
                                           "model.safetensors.index.json"};
  }
  WY_TRY(const json content, read_json_file(index, kIndexSizeMax));
  const auto weight_map = content.find("weight_map");
  if (weight_map == content.end() || !weight_map->is_object()) {
    return Error{ErrorCode::unsupported_media, "the index has no weight_map"};
  }
  WY_TRY(const std::set<std::string> names, files_of_index(*weight_map));
  Safetensors result;
  for (const std::string& name : names) WY_RETURN_IF_ERROR(result.add(folder / name));
  for (const auto& [tensor, file] : weight_map->items()) {
    if (result.tensor(tensor) == nullptr) {
      return corrupt(tensor, "of the index is not in " + shown(file.get<std::string>()));
    }
  }
  return result;
}

const SafetensorsView* Safetensors::tensor(std::string_view wanted) const {
  const auto at = tensors_.find(wanted);
  return at == tensors_.end() ? nullptr : &at->second;
}

}  // namespace wenyuan::llm
