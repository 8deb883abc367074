#include "llm/gguf_split.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "llm/gguf.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kPartsMax = 1000;
constexpr std::size_t kDigits = 5;
constexpr std::string_view kOf = "-of-";
constexpr std::string_view kExtension = ".gguf";

Error corrupt(const std::string& what) { return Error{ErrorCode::corrupt, what}; }

std::optional<std::int64_t> five_digits(std::string_view text) {
  std::int64_t value = 0;
  if (text.size() != kDigits) return std::nullopt;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  return value;
}

std::string padded(std::int64_t number) {
  std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits;
}

}  // namespace

std::optional<SplitName> parse_split_name(std::string_view name) {
  constexpr std::size_t kTail = 1 + kDigits + kOf.size() + kDigits;  // "-00001-of-00003"
  if (!name.ends_with(kExtension)) return std::nullopt;
  name.remove_suffix(kExtension.size());
  if (name.size() <= kTail) return std::nullopt;
  const std::string_view tail = name.substr(name.size() - kTail);
  const auto number = five_digits(tail.substr(1, kDigits));
  const auto count = five_digits(tail.substr(tail.size() - kDigits));
  if (tail.front() != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf || !number || !count ||
      *number < 1 || *number > *count) {
    return std::nullopt;
  }
  return SplitName{std::string(name.substr(0, name.size() - kTail)), *number, *count};
}

std::string split_file_name(std::string_view base, std::int64_t number, std::int64_t count) {
  WY_ASSERT(number >= 1 && number <= count && count <= 99999);
  std::string name(base);
  name += '-';
  name += padded(number);
  name += kOf;
  name += padded(count);
  name += kExtension;
  return name;
}

std::optional<std::string> model_name_of(const fs::path& file) {
  if (file.extension() != kExtension) return std::nullopt;
  if (const auto name = parse_split_name(file.filename().string())) return name->base;
  return file.stem().string();
}

std::vector<fs::path> model_files(const fs::path& folder, const std::string& name) {
  std::string file = name;
  file += kExtension;
  std::vector<fs::path> files = {folder / file};
  std::error_code error;
  if (fs::exists(files.front(), error)) return files;
  std::vector<fs::path> parts;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto split_name = parse_split_name(at->path().filename().string());
    if (split_name && split_name->base == name) parts.push_back(at->path());
  }
  if (parts.empty()) return files;
  std::sort(parts.begin(), parts.end());
  return parts;
}

Result<Gguf> Gguf::open(const fs::path& path) {
  WY_TRY(Gguf file, open_one(path));
  if (file.find("split.count") == nullptr) return file;
  WY_RETURN_IF_ERROR(file.add_parts(path));
  return file;
}

Status Gguf::add_parts(const fs::path& first) {
  const std::int64_t count = integer("split.count").value_or(-1);
  const std::int64_t number = integer("split.no").value_or(-1);
  if (count < 0 || count > kPartsMax || number < 0 || number >= std::max<std::int64_t>(1, count)) {
    return corrupt("split.no and split.count are not the numbers of one of several files");
  }
  if (count <= 1) return Done{};
  if (number != 0) {
    return Error{ErrorCode::unsupported_media, "this is file " + std::to_string(number + 1) +
                                                   " of a model in " + std::to_string(count) +
                                                   " files; the first one stands for all"};
  }
  const auto name = parse_split_name(first.filename().string());
  if (!name || name->number != 1 || name->count != count) {
    return corrupt("the first of " + std::to_string(count) + " files has to be named like " +
                   split_file_name("model", 1, count));
  }
  for (std::int64_t i = 1; i < count; ++i) {
    const std::string part_name = split_file_name(name->base, i + 1, count);
    auto part = open_one(first.parent_path() / part_name);
    if (!part) return within(part_name, std::move(part).error());
    if (Status added = add_part(*std::move(part), i, count); !added) {
      return within(part_name, std::move(added).error());
    }
  }
  const auto tensors = integer("split.tensors.count");
  if (tensors && *tensors != static_cast<std::int64_t>(tensors_.size())) {
    return corrupt("the files have " + std::to_string(tensors_.size()) + " tensors instead of " +
                   std::to_string(*tensors));
  }
  return Done{};
}

Status Gguf::add_part(Gguf part, std::int64_t number, std::int64_t count) {
  if (part.integer("split.no") != number || part.integer("split.count") != count) {
    return corrupt("it is not file " + std::to_string(number + 1) + " of " + std::to_string(count));
  }
  for (auto& [key, view] : part.tensors_) {
    const auto [at, is_new] = tensors_.emplace(key, std::move(view));
    if (!is_new) return corrupt("the tensor " + json_quoted(at->first) + " is in two files");
  }
  for (MappedFile& file : part.files_) files_.push_back(std::move(file));
  return Done{};
}

}  // namespace wenyuan::llm
