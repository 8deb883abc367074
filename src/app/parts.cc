#include "app/parts.h"

#include <unistd.h>

#include <charconv>

#include "base/file.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::app {
namespace {

constexpr std::size_t kSealKeySize = 32;
// sockaddr_un has room for 107 bytes.
constexpr std::size_t kSocketPathSizeMax = 100;

}  // namespace

std::filesystem::path Layout::engine_socket() const {
  std::filesystem::path path = std::filesystem::absolute(data) / "engine.sock";
  if (path.string().size() <= kSocketPathSizeMax) return path;
  const std::string name = "wenyuan-engine-" + std::to_string(::getpid()) + ".sock";
  return std::filesystem::temp_directory_path() / name;
}

Result<std::vector<std::uint8_t>> seal_key(const Layout& layout) {
  const auto stored = read_file(layout.seal_key(), 4096);
  if (stored && stored->size() == kSealKeySize) {
    return std::vector<std::uint8_t>(stored->begin(), stored->end());
  }
  if (!stored && stored.error().code != ErrorCode::not_found) return stored.error();
  // A key of the wrong size seals nothing: with a new one all indexes are rebuilt.
  std::vector<std::uint8_t> key(kSealKeySize);
  random_bytes(key);
  WY_RETURN_IF_ERROR(write_file_durably(layout.seal_key(), std::string(key.begin(), key.end())));
  return key;
}

Result<index::VectorModel> indexed_model(const Layout& layout) {
  const auto text = read_file(layout.index_model(), 4096);
  if (!text) {
    if (text.error().code == ErrorCode::not_found) return index::VectorModel{};
    return text.error();
  }
  const std::vector<std::string_view> parts = split(trim(*text), '\n');
  index::VectorModel model;
  if (parts.size() != 2 ||
      std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), model.vector_size).ec !=
          std::errc()) {
    return Error{ErrorCode::corrupt, layout.index_model().string() + " is not as it was written"};
  }
  model.name = parts[0] == "-" ? "" : std::string(parts[0]);
  return model;
}

Status keep_indexed_model(const Layout& layout, const index::VectorModel& model) {
  return write_file_durably(layout.index_model(), (model.name.empty() ? "-" : model.name) + "\n" +
                                                      std::to_string(model.vector_size) + "\n");
}

Result<std::unique_ptr<index::Compartments>> open_compartments(
    const Layout& layout, const std::filesystem::path& directory, const store::Database& database,
    const index::VectorModel& model) {
  index::Compartments::Options options;
  options.directory = directory;
  options.store_id = database.store_id();
  options.model = model;
  options.epoch = &database.epoch();
  WY_TRY(options.seal_key, seal_key(layout));
  return index::Compartments::open(options);
}

}  // namespace wenyuan::app
