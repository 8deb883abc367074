#include "backup/folder.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kKeySizeMax = 16 * 1024;
constexpr std::size_t kNumberWidth = 12;
constexpr std::string_view kSegmentEnding = ".wal";

// ab/cd/NAME
std::string spread(const std::string& name) {
  WY_ASSERT(is_sha256(name));
  std::string path = name.substr(0, 2);
  path += '/';
  path += name.substr(2, 2);
  path += '/';
  path += name;
  return path;
}

}  // namespace

std::string generation_folder(const std::string& generation) {
  WY_ASSERT(is_generation(generation));
  std::string name = kGenerationsFolder;
  name += generation;
  name += '/';
  return name;
}

std::string manifest_name(const std::string& generation) {
  return generation_folder(generation) + "manifest";
}
std::string base_name(const std::string& generation) {
  return generation_folder(generation) + "base.db";
}
std::string originals_name(const std::string& generation) {
  return generation_folder(generation) + "originals";
}

std::string segment_name(const std::string& generation, std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string name = generation_folder(generation);
  if (digits.size() < kNumberWidth) name.append(kNumberWidth - digits.size(), '0');
  name += digits;
  name += kSegmentEnding;
  return name;
}

std::string original_name(const Original& original) {
  WY_ASSERT(is_sha256(original.sha256));
  std::string name = kOriginalsFolder + spread(original.name);
  name += '.';
  name += original.sha256;
  return name;
}

std::optional<Original> original_of(const Place::Object& object) {
  const std::string_view file = std::string_view(object.name).substr(object.name.rfind('/') + 1);
  const std::size_t point = file.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  Original original{std::string(file.substr(0, point)), std::string(file.substr(point + 1)),
                    object.size};
  if (!is_sha256(original.name) || !is_sha256(original.sha256)) return std::nullopt;
  if (original_name(original) != object.name) return std::nullopt;
  return original;
}

fs::path original_path(const fs::path& root, const std::string& name) {
  return root / spread(name);
}

Result<std::vector<std::string>> Folder::with_manifest(bool whole) const {
  WY_TRY(const auto all, place_->folders(kGenerationsFolder));
  std::vector<std::string> names;
  for (const std::string& name : all) {
    if (!is_generation(name)) continue;
    WY_TRY(const bool there, place_->has(manifest_name(name)));
    if (there == whole) names.push_back(name);
  }
  return names;
}

Result<std::vector<std::string>> Folder::generations() const { return with_manifest(true); }
Result<std::vector<std::string>> Folder::unfinished() const { return with_manifest(false); }

Result<std::string> Folder::newest() const {
  WY_TRY(const auto all, place_->folders(kGenerationsFolder));
  for (auto name = all.rbegin(); name != all.rend(); ++name) {
    if (!is_generation(*name)) continue;
    WY_TRY(const bool whole, place_->has(manifest_name(*name)));
    if (whole) return *name;
  }
  return std::string();
}

Result<std::vector<std::int64_t>> Folder::segments(const std::string& generation,
                                                   std::int64_t after) const {
  const std::string folder = generation_folder(generation);
  WY_TRY(const auto objects, place_->list(folder, segment_name(generation, after)));
  std::vector<std::int64_t> numbers;
  for (const Place::Object& each : objects) {
    if (!each.name.ends_with(kSegmentEnding)) continue;
    std::int64_t number = 0;
    const char* const stop = each.name.data() + each.name.size() - kSegmentEnding.size();
    const auto [rest, error] = std::from_chars(each.name.data() + folder.size(), stop, number);
    if (error == std::errc() && rest == stop && segment_name(generation, number) == each.name) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<std::vector<Original>> Folder::copies_of(const std::string& name) const {
  const std::string path = kOriginalsFolder + spread(name);
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  WY_TRY(const auto objects, place_->list(folder, path));
  std::vector<Original> copies;
  for (const Place::Object& each : objects) {
    auto copy = original_of(each);
    if (copy && copy->name == name) copies.push_back(*std::move(copy));
  }
  return copies;
}

Status Folder::prepare(const fs::path& public_file) const {
  WY_TRY(const audit::VerifyingKey key, audit::VerifyingKey::open(public_file));
  auto there = public_key();
  if (!there && there.error().code == ErrorCode::not_found) {
    WY_TRY(const std::string text, read_file(public_file, kKeySizeMax));
    const Status put = place_->put_new(kPublicKeyName, text);
    if (put || put.error().code != ErrorCode::conflict) return put;
    there = public_key();
  }
  if (!there) return there.error();
  WY_TRY(const audit::VerifyingKey known, audit::VerifyingKey::parse(*there));
  if (known.raw() == key.raw()) return Done{};
  return Error{ErrorCode::conflict, place_->where() + " holds backups of another store"};
}

Result<std::string> Folder::public_key() const {
  auto text = place_->get(kPublicKeyName, kKeySizeMax);
  if (text || text.error().code != ErrorCode::not_found) return text;
  return Error{ErrorCode::not_found, "there is no backup in " + place_->where()};
}

std::string originals_text(const std::vector<Original>& originals) {
  std::string text;
  for (const Original& each : originals) {
    text += original_line(each);
    text += '\n';
  }
  return text;
}

Result<std::vector<Original>> parse_originals(std::string_view text) {
  std::vector<Original> originals;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return Error{ErrorCode::corrupt, "a list of originals is cut off"};
    }
    WY_TRY(Original each, parse_original(text.substr(0, end)));
    originals.push_back(std::move(each));
    text.remove_prefix(end + 1);
  }
  return originals;
}

}  // namespace wenyuan::backup
