#include "backup/directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <system_error>

#include "backup/new_file.h"
#include "base/file.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPieceSize = std::size_t{1} << 20;

Error cannot(std::string_view what, const fs::path& path, const std::error_code& error) {
  return Error{ErrorCode::unavailable,
               std::string(what) + " " + path.string() + ": " + error.message()};
}

bool is_absence(const std::error_code& error) {
  return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

Status sync_file(const fs::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", file);
  if (::fsync(fd.get()) != 0) return errno_error("fsync", file);
  return Done{};
}

Status copy_into(const fs::path& from, NewFile& to) {
  const FileDescriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source) return errno_error("open", from);
  std::string piece;
  for (std::int64_t at = 0;; at += static_cast<std::int64_t>(piece.size())) {
    piece.resize(kPieceSize);
    if (const Status read = read_piece(source, at, piece); !read) {
      return within(from.string(), read.error());
    }
    if (piece.empty()) return Done{};
    WY_RETURN_IF_ERROR(to.write(piece));
  }
}

class Directory final : public Place {
 public:
  explicit Directory(fs::path root) : root_(std::move(root)), where_(root_.string()) {}

  const std::string& where() const override { return where_; }
  using Place::where;

  Status put(const std::string& name, std::string_view bytes) override {
    WY_TRY(NewFile file, create(name));
    WY_RETURN_IF_ERROR(file.write(bytes));
    return file.finish();
  }

  Status put_new(const std::string& name, std::string_view bytes) override {
    WY_TRY(NewFile file, create(name));
    WY_RETURN_IF_ERROR(file.write(bytes));
    const Status named = file.finish_new();
    if (named || named.error().code != ErrorCode::conflict) return named;
    const auto there = read_file(path(name), bytes.size());
    if (!there || *there != bytes) return named;
    // Somebody may have been broken off between writing and this.
    WY_RETURN_IF_ERROR(sync_file(path(name)));
    return sync_directory(path(name).parent_path());
  }

  Status put_file(const std::string& name, const fs::path& from,
                  const std::string& sha256) override {
    WY_TRY(NewFile file, create(name));
    WY_RETURN_IF_ERROR(copy_into(from, file));
    if (file.received().sha256 == sha256) return file.finish();
    return Error{ErrorCode::conflict, from.string() + " was changed while it was copied"};
  }

  // It is made where it will lie: without a manifest that names it, it is not there.
  Result<fs::path> make_room(const std::string& name, std::int64_t /*size*/) override {
    WY_RETURN_IF_ERROR(make_folders(name));
    return path(name);
  }

  Status add_made(const std::string& name, const fs::path& file,
                  const std::string& /*sha256*/) override {
    WY_ASSERT(file == path(name));
    WY_RETURN_IF_ERROR(sync_file(file));
    return sync_directory(file.parent_path());
  }

  Result<std::string> get(const std::string& name, std::size_t size_max) override {
    return read_file(path(name), size_max);
  }

  Result<std::string> get_beginning(const std::string& name, std::size_t size) override {
    const FileDescriptor file(::open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return errno_error("open", path(name));
    std::string bytes(size, '\0');
    WY_RETURN_IF_ERROR(read_piece(file, 0, bytes));
    return bytes;
  }

  Result<Received> get_file(const std::string& name, const fs::path& to) override {
    WY_TRY(NewFile file, NewFile::create(to));
    WY_RETURN_IF_ERROR(copy_into(path(name), file));
    const Received received = file.received();
    WY_RETURN_IF_ERROR(file.finish());
    return received;
  }

  Result<bool> has(const std::string& name) override {
    std::error_code failed;
    const bool there = fs::is_regular_file(path(name), failed);
    if (failed && !is_absence(failed)) return cannot("look for", path(name), failed);
    return there;
  }

  Result<std::vector<Object>> list(const std::string& folder, const std::string& after) override {
    std::vector<Object> found;
    const fs::path begin = root_ / folder;
    std::error_code failed;
    fs::recursive_directory_iterator at(begin, failed);
    for (const fs::recursive_directory_iterator end; !failed && at != end; at.increment(failed)) {
      std::string name = at->path().lexically_relative(root_).generic_string();
      if (!at->is_regular_file(failed) || !is_object_name(name) || name <= after) continue;
      const auto size = at->file_size(failed);
      if (!failed) found.push_back({std::move(name), static_cast<std::int64_t>(size)});
    }
    if (failed && !is_absence(failed)) return cannot("look through", begin, failed);
    std::sort(found.begin(), found.end(),
              [](const Object& a, const Object& b) { return a.name < b.name; });
    return found;
  }

  Result<std::vector<std::string>> folders(const std::string& folder) override {
    std::vector<std::string> names;
    const fs::path begin = root_ / folder;
    std::error_code failed;
    for (fs::directory_iterator at(begin, failed), end; !failed && at != end;
         at.increment(failed)) {
      std::string name = at->path().filename().string();
      if (at->is_directory(failed) && is_object_name(name)) names.push_back(std::move(name));
    }
    if (failed && !is_absence(failed)) return cannot("look through", begin, failed);
    std::sort(names.begin(), names.end());
    return names;
  }

  Status remove(const std::string& name) override {
    std::error_code failed;
    fs::remove(path(name), failed);
    if (failed && !is_absence(failed)) return cannot("remove", path(name), failed);
    // Folders that are empty now go too, as if there had been nothing but names.
    for (fs::path folder = path(name).parent_path(); folder != root_ && !failed;
         folder = folder.parent_path()) {
      if (::rmdir(folder.c_str()) != 0) break;
      const std::lock_guard lock(mutex_);
      folders_.forget(fs::absolute(folder));
    }
    return Done{};
  }

  void be_patient(bool /*patient*/) override {}

 private:
  fs::path path(const std::string& name) const {
    WY_ASSERT(is_object_name(name));
    return root_ / name;
  }

  Status make_folders(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return folders_.make(fs::absolute(root_), fs::path(name).parent_path());
  }
  Result<NewFile> create(const std::string& name) {
    WY_RETURN_IF_ERROR(make_folders(name));
    return NewFile::create(path(name));
  }

  const fs::path root_;
  const std::string where_;
  std::mutex mutex_;
  DurableFolders folders_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<Place> open_directory(const fs::path& root) {
  // Without "." and a slash at the end: folders are left when they are reached.
  fs::path plain = root.lexically_normal();
  if (!plain.has_filename()) plain = plain.parent_path();
  return std::make_unique<Directory>(std::move(plain));
}

}  // namespace wenyuan::backup
