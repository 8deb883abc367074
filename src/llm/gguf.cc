#include "llm/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

constexpr std::uint64_t kPairsMax = 1U << 16;
constexpr std::uint64_t kTensorsMax = 1U << 16;
constexpr std::uint64_t kKeySizeMax = 65535;  // as the format has it
constexpr std::uint64_t kTensorNameSizeMax = 255;
constexpr std::uint64_t kTextSizeMax = 16U << 20;
// Elements of all metadata arrays together: what they take in memory stays bounded.
constexpr std::uint64_t kArrayElementsMax = 8U << 20;
constexpr std::uint64_t kAlignmentMax = 1U << 20;
constexpr std::uint64_t kDefaultAlignment = 32;

enum ValueType : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64,
};

// A name out of the file, fit for a message.
std::string shown(std::string_view name) {
  std::string text = json_quoted(name.substr(0, 100));
  return text;
}

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  std::span<const std::uint8_t> since(std::size_t begin) const {
    return bytes_.subspan(begin, at_ - begin);
  }

  Error corrupt(const std::string& what) const {
    return Error{ErrorCode::corrupt, what + " (at byte " + std::to_string(at_) + ")"};
  }

  template <class Number>
  Result<Number> number(const char* what) {
    if (left() < sizeof(Number)) return corrupt(std::string("the file ends inside ") + what);
    Number value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  Result<std::string> text(const char* what, std::uint64_t size_max) {
    WY_TRY(const auto size, number<std::uint64_t>(what));
    if (size > size_max) {
      return corrupt(std::string(what) + " of " + std::to_string(size) + " bytes is too long");
    }
    if (size > left()) return corrupt(std::string("the file ends inside ") + what);
    std::string value(size, '\0');
    std::memcpy(value.data(), bytes_.data() + at_, size);
    at_ += size;
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

class MetadataReader {
 public:
  explicit MetadataReader(Reader& reader) : reader_(reader) {}

  Result<MetaValue> value() {
    WY_TRY(const auto type, reader_.number<std::uint32_t>("a value's type"));
    if (type == array) return list();
    return single(type);
  }

 private:
  // Widens to what MetaValue holds.
  template <class Stored, class Wide>
  Result<MetaValue> scalar() {
    WY_TRY(const auto stored, reader_.number<Stored>("a value"));
    return MetaValue(static_cast<Wide>(stored));
  }

  Result<bool> flag() {
    WY_TRY(const auto stored, reader_.number<std::uint8_t>("a value"));
    if (stored > 1) return reader_.corrupt("a flag is neither 0 nor 1");
    return stored == 1;
  }

  Result<MetaValue> single(std::uint32_t type) {
    switch (type) {
      case u8: return scalar<std::uint8_t, std::uint64_t>();
      case i8: return scalar<std::int8_t, std::int64_t>();
      case u16: return scalar<std::uint16_t, std::uint64_t>();
      case i16: return scalar<std::int16_t, std::int64_t>();
      case u32: return scalar<std::uint32_t, std::uint64_t>();
      case i32: return scalar<std::int32_t, std::int64_t>();
      case f32: return scalar<float, double>();
      case u64: return scalar<std::uint64_t, std::uint64_t>();
      case i64: return scalar<std::int64_t, std::int64_t>();
      case f64: return scalar<double, double>();
      case boolean: {
        WY_TRY(const bool stored, flag());
        return MetaValue(stored);
      }
      case string: {
        WY_TRY(std::string stored, reader_.text("a text", kTextSizeMax));
        return MetaValue(std::move(stored));
      }
      default: return reader_.corrupt("unknown value type " + std::to_string(type));
    }
  }

  Result<MetaValue> list() {
    WY_TRY(const auto type, reader_.number<std::uint32_t>("an array's type"));
    WY_TRY(const auto count, reader_.number<std::uint64_t>("an array's length"));
    if (count > kArrayElementsMax - elements_) {
      return reader_.corrupt("an array of " + std::to_string(count) +
                             " elements is beyond the limit of " +
                             std::to_string(kArrayElementsMax) + " for all arrays");
    }
    elements_ += count;
    switch (type) {
      case u8: return numbers<std::uint8_t, std::uint64_t>(count);
      case i8: return numbers<std::int8_t, std::int64_t>(count);
      case u16: return numbers<std::uint16_t, std::uint64_t>(count);
      case i16: return numbers<std::int16_t, std::int64_t>(count);
      case u32: return numbers<std::uint32_t, std::uint64_t>(count);
      case i32: return numbers<std::int32_t, std::int64_t>(count);
      case f32: return numbers<float, double>(count);
      case u64: return numbers<std::uint64_t, std::uint64_t>(count);
      case i64: return numbers<std::int64_t, std::int64_t>(count);
      case f64: return numbers<double, double>(count);
      case boolean: return flags(count);
      case string: return texts(count);
      case array: return reader_.corrupt("an array of arrays");
      default: return reader_.corrupt("unknown array type " + std::to_string(type));
    }
  }

  template <class Stored, class Wide>
  Result<MetaValue> numbers(std::uint64_t count) {
    if (count > reader_.left() / sizeof(Stored)) {
      return reader_.corrupt("the file ends inside an array");
    }
    std::vector<Wide> items(count);
    for (Wide& item : items) {
      WY_TRY(const auto stored, reader_.number<Stored>("an array"));
      item = static_cast<Wide>(stored);
    }
    return MetaValue(std::move(items));
  }

  Result<MetaValue> flags(std::uint64_t count) {
    if (count > reader_.left()) return reader_.corrupt("the file ends inside an array");
    std::vector<bool> items;
    for (std::uint64_t i = 0; i < count; ++i) {
      WY_TRY(const bool stored, flag());
      items.push_back(stored);
    }
    return MetaValue(std::move(items));
  }

  Result<MetaValue> texts(std::uint64_t count) {
    if (count > reader_.left() / sizeof(std::uint64_t)) {
      return reader_.corrupt("the file ends inside an array");
    }
    std::vector<std::string> items;
    items.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      WY_TRY(std::string stored, reader_.text("a text", kTextSizeMax));
      items.push_back(std::move(stored));
    }
    return MetaValue(std::move(items));
  }

  Reader& reader_;
  std::uint64_t elements_ = 0;
};

struct Header {
  std::uint64_t tensor_count;
  std::uint64_t pair_count;
};

Result<Header> read_header(Reader& reader) {
  const auto not_gguf = [](const std::string& why) {
    return Error{ErrorCode::unsupported_media, "not a GGUF file of version 3: " + why};
  };
  const auto magic = reader.number<std::uint32_t>("the header");
  if (!magic || *magic != 0x46554747U) return not_gguf("it does not begin with \"GGUF\"");
  const auto version = reader.number<std::uint32_t>("the header");
  if (!version) return not_gguf("it ends after 4 bytes");
  if (*version == 0x03000000U) return not_gguf("it is big-endian");
  if (*version != 3) return not_gguf("it has version " + std::to_string(*version));
  WY_TRY(const auto tensors, reader.number<std::uint64_t>("the header"));
  WY_TRY(const auto pairs, reader.number<std::uint64_t>("the header"));
  if (tensors > kTensorsMax) {
    return reader.corrupt(std::to_string(tensors) + " tensors are more than " +
                          std::to_string(kTensorsMax));
  }
  if (pairs > kPairsMax) {
    return reader.corrupt(std::to_string(pairs) + " metadata entries are more than " +
                          std::to_string(kPairsMax));
  }
  return Header{tensors, pairs};
}

// A tensor's description; its bytes are found when the place of the data is known.
struct TensorPlace {
  TensorView view;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Reads the shape and finds the size in bytes, which fits into 64 bits.
Status read_shape(Reader& reader, TensorPlace& place) {
  WY_TRY(const auto dimensions, reader.number<std::uint32_t>("a tensor's shape"));
  if (dimensions == 0 || dimensions > 4) {
    return reader.corrupt("tensor " + shown(place.view.name) + " has " +
                          std::to_string(dimensions) + " dimensions");
  }
  std::uint64_t elements = 1;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    WY_TRY(const auto size, reader.number<std::uint64_t>("a tensor's shape"));
    if (size == 0 || size > std::uint64_t{INT64_MAX} / elements) {
      return reader.corrupt("tensor " + shown(place.view.name) + " has an impossible size " +
                            std::to_string(size));
    }
    elements *= size;
    place.view.shape.push_back(size);
  }
  WY_TRY(const auto type, reader.number<std::uint32_t>("a tensor's type"));
  place.view.type = static_cast<TensorType>(type);
  const auto block = block_size(place.view.type);
  if (!block) {
    return reader.corrupt("tensor " + shown(place.view.name) + " has the unknown type " +
                          std::to_string(type));
  }
  if (place.view.shape[0] % block->elements != 0) {
    return reader.corrupt("tensor " + shown(place.view.name) + " has rows of " +
                          std::to_string(place.view.shape[0]) + " elements, not whole blocks of " +
                          std::string(name(place.view.type)));
  }
  const std::uint64_t blocks = elements / block->elements;
  if (blocks > std::uint64_t{INT64_MAX} / block->bytes) {
    return reader.corrupt("tensor " + shown(place.view.name) + " is too large");
  }
  place.size = blocks * block->bytes;
  return Done{};
}

Result<TensorPlace> read_tensor(Reader& reader, std::uint64_t alignment) {
  TensorPlace place;
  WY_TRY(place.view.name, reader.text("a tensor's name", kTensorNameSizeMax));
  WY_RETURN_IF_ERROR(read_shape(reader, place));
  WY_TRY(place.offset, reader.number<std::uint64_t>("a tensor's offset"));
  if (place.offset % alignment != 0) {
    return reader.corrupt("tensor " + shown(place.view.name) + " does not lie on a multiple of " +
                          std::to_string(alignment));
  }
  return place;
}

struct Metadata {
  std::map<std::string, MetaValue, std::less<>> values;
  std::map<std::string, std::span<const std::uint8_t>, std::less<>> raw;
};

Result<Metadata> read_metadata(Reader& reader, std::uint64_t count) {
  Metadata metadata;
  MetadataReader values(reader);
  for (std::uint64_t i = 0; i < count; ++i) {
    WY_TRY(std::string key, reader.text("a key", kKeySizeMax));
    const std::size_t begin = reader.at();
    WY_TRY(MetaValue value, values.value());
    metadata.raw.emplace(key, reader.since(begin));
    const auto [at, is_new] = metadata.values.emplace(std::move(key), std::move(value));
    if (!is_new) return reader.corrupt("the key " + shown(at->first) + " occurs twice");
  }
  return metadata;
}

Result<std::uint64_t> alignment_of(const Gguf& file) {
  if (file.find("general.alignment") == nullptr) return kDefaultAlignment;
  const std::int64_t alignment = file.integer("general.alignment").value_or(0);
  if (alignment <= 0 || alignment > std::int64_t{kAlignmentMax} ||
      !std::has_single_bit(static_cast<std::uint64_t>(alignment))) {
    return Error{ErrorCode::corrupt,
                 "general.alignment is no power of two up to " + std::to_string(kAlignmentMax)};
  }
  return static_cast<std::uint64_t>(alignment);
}

}  // namespace

Result<Gguf> Gguf::open_one(const std::filesystem::path& path) {
  WY_TRY(MappedFile mapped, MappedFile::open(path));
  Gguf file(std::move(mapped));
  const auto bytes = file.files_.front().bytes();
  Reader reader(bytes);
  WY_TRY(const Header header, read_header(reader));
  WY_TRY(Metadata metadata, read_metadata(reader, header.pair_count));
  file.metadata_ = std::move(metadata.values);
  file.raw_values_ = std::move(metadata.raw);
  WY_TRY(const std::uint64_t alignment, alignment_of(file));
  std::vector<TensorPlace> places;
  for (std::uint64_t i = 0; i < header.tensor_count; ++i) {
    WY_TRY(TensorPlace place, read_tensor(reader, alignment));
    places.push_back(std::move(place));
  }
  const std::uint64_t data = (reader.at() + alignment - 1) / alignment * alignment;
  const std::uint64_t size = data > bytes.size() ? 0 : bytes.size() - data;
  for (TensorPlace& place : places) {
    if (place.offset > size || place.size > size - place.offset) {
      return reader.corrupt("tensor " + shown(place.view.name) +
                            " lies beyond the end of the file");
    }
    place.view.bytes = bytes.subspan(data + place.offset, place.size);
    std::string key = place.view.name;
    const auto [at, is_new] = file.tensors_.emplace(std::move(key), std::move(place.view));
    if (!is_new) return reader.corrupt("the tensor " + shown(at->first) + " occurs twice");
  }
  return file;
}

}  // namespace wenyuan::llm
