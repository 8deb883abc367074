#include "app/parts.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "store/key_ring.h"

namespace wenyuan::app {
namespace {

// sockaddr_un has room for 107 bytes.
constexpr std::size_t kSocketPathSizeMax = 100;

}  // namespace

std::filesystem::path Layout::engine_socket() const {
  std::filesystem::path path = std::filesystem::absolute(data) / "engine.sock";
  if (path.string().size() <= kSocketPathSizeMax) return path;
  const std::string name = "wenyuan-engine-" + std::to_string(::getpid()) + ".sock";
  return std::filesystem::temp_directory_path() / name;
}

store::Database::Options read_only_options(const std::filesystem::path& data) {
  store::Database::Options options;
  options.directory = data;
  options.read_only = true;
  if (const char* const keys = std::getenv("WENYUAN_KEYS")) options.keys = keys;
  if (const char* const from = std::getenv("WENYUAN_MASTER_KEY_FROM")) options.master_key = from;
  if (const char* const copy = std::getenv("WENYUAN_KEY_COPY")) options.key_copy = copy;
  return options;
}

Status check_memory(const std::filesystem::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return errno_error("look at", folder);
  if (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC) return Done{};
  return Error{ErrorCode::invalid_argument,
               folder.string() +
                   " is not in memory, and search indexes in use are not encrypted: "
                   "let index_memory be a folder of a tmpfs"};
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
    const std::filesystem::path& directory, const std::filesystem::path& memory,
    const store::Database& database, const index::VectorModel& model, IndexUse use) {
  index::Compartments::Options options;
  options.strict = use == IndexUse::look;
  options.directory = directory;
  options.store_id = database.store_id();
  options.model = model;
  options.epoch = &database.epoch();
  options.files = &database.keys().files();
  options.memory = memory;
  WY_RETURN_IF_ERROR(check_memory(memory));
  return index::Compartments::open(options);
}

}  // namespace wenyuan::app
