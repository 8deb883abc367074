#include "app/policy_files.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "auth/policy_language.h"
#include "base/file.h"
#include "base/text.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kPolicySizeMax = std::size_t{1} << 20;
constexpr std::size_t kListSizeMax = std::size_t{64} << 20;
constexpr std::size_t kNameSizeMax = 160;  // bytes; an extension and a number come on top
constexpr std::string_view kList = "policies.json";

Error wrong(const fs::path& file, const std::string& what) {
  return {ErrorCode::invalid_argument, file.string() + ": " + what};
}

bool is_policy_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.starts_with('.') && (path.extension() == ".cedar" || path.extension() == ".rule");
}

// What stands in policies.json; an empty list when there is none.
Result<json> read_list(const fs::path& folder) {
  const fs::path file = folder / kList;
  const auto text = read_file(file, kListSizeMax);
  if (!text && text.error().code == ErrorCode::not_found) return json::array();
  if (!text) return text.error();
  const json list = json::parse(*text, nullptr, false);
  if (!list.is_object() || !list.contains("policies") || !list["policies"].is_array()) {
    return wrong(file, "expected {\"policies\": […]}");
  }
  for (const json& one : list["policies"]) {
    const bool has_file = one.is_object() && one.contains("file") && one["file"].is_string() &&
                          one.contains("name") && one["name"].is_string();
    if (!has_file) return wrong(file, "each policy needs a file and a name");
    const fs::path named(one["file"].get<std::string>());
    if (named.has_parent_path() || !is_policy_file(named)) {
      return wrong(file, named.string() + " is not the name of a .cedar or .rule file beside it");
    }
  }
  return list["policies"];
}

// A name that every file system takes; not yet unique.
std::string file_stem(const std::string& name) {
  std::string stem;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool bad = byte < 0x20 || byte == 0x7F ||
                     std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos;
    stem += bad ? '_' : c;
  }
  if (stem.size() > kNameSizeMax) {
    std::size_t size = kNameSizeMax;
    while (size > 0 && (static_cast<unsigned char>(stem[size]) & 0xC0U) == 0x80U) --size;
    stem.resize(size);
  }
  if (stem.empty() || stem.front() == '.' || stem.front() == '-') stem.insert(0, 1, '_');
  return stem;
}

std::string unique_file(const json& entry, std::set<std::string>& taken) {
  const std::string stem = file_stem(entry.value("name", ""));
  const char* const extension = auth::is_cedar(entry.value("text", "")) ? ".cedar" : ".rule";
  for (int number = 1;; ++number) {
    std::string file = stem;
    if (number > 1) file.append("-").append(std::to_string(number));
    file.append(extension);
    // Some file systems take A and a for one.
    if (taken.insert(to_lower_ascii(file)).second) return file;
  }
}

Result<PolicyFile> read_one(const fs::path& path, const json* listed) {
  WY_TRY(const std::string text, read_file(path, kPolicySizeMax));
  if (!is_utf8(text)) return wrong(path, "it is not UTF-8");
  PolicyFile file;
  file.path = path;
  file.entry = {{"name", path.stem().string()}, {"text", std::string(trim(text))}};
  if (listed == nullptr) return file;
  for (const char* member : {"name", "description", "links"}) {
    if (listed->contains(member)) file.entry[member] = (*listed)[member];
  }
  return file;
}

}  // namespace

Result<std::vector<fs::path>> policy_paths(const std::vector<std::string>& paths) {
  std::vector<fs::path> found;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      found.emplace_back(path);
      continue;
    }
    std::vector<fs::path> inside;
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
      if (is_policy_file(at->path())) inside.push_back(at->path());
    }
    if (error) return wrong(path, error.message());
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
  }
  return found;
}

Result<std::vector<PolicyFile>> read_policy_files(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return wrong(folder, "there is no such folder");
  WY_TRY(const json list, read_list(folder));
  WY_TRY(const auto paths, policy_paths({folder.string()}));
  std::set<fs::path> unlisted(paths.begin(), paths.end());
  std::vector<PolicyFile> files;
  // Several policies of one name are told apart by their order.
  for (const json& one : list) {
    const fs::path path = folder / one["file"].get<std::string>();
    if (unlisted.erase(path) == 0) {
      return wrong(folder / kList, "there is no file " + path.filename().string());
    }
    WY_TRY(PolicyFile file, read_one(path, &one));
    files.push_back(std::move(file));
  }
  for (const fs::path& path : unlisted) {
    WY_TRY(PolicyFile file, read_one(path, nullptr));
    files.push_back(std::move(file));
  }
  return files;
}

Status write_policy_files(const fs::path& folder, const json& policies) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return wrong(folder, error.message());
  WY_TRY(const json before, read_list(folder));
  std::set<std::string> taken;
  std::set<std::string> written;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const json& entry : policies) {
    const std::string file = unique_file(entry, taken);
    WY_RETURN_IF_ERROR(
        write_file_durably(folder / file, std::string(trim(entry.value("text", ""))) + "\n", 0644));
    written.insert(file);
    nlohmann::ordered_json one;
    one["file"] = file;
    one["name"] = entry.value("name", "");
    one["description"] = entry.value("description", "");
    if (entry.contains("links")) one["links"] = nlohmann::ordered_json(entry["links"]);
    list.push_back(std::move(one));
  }
  for (const json& one : before) {
    const std::string file = one["file"].get<std::string>();
    if (!written.contains(file)) fs::remove(folder / file, error);
  }
  const std::string text = nlohmann::ordered_json{{"policies", list}}.dump(2) + "\n";
  return write_file_durably(folder / kList, text, 0644);
}

}  // namespace wenyuan::app
