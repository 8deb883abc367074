#include "backup/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/id.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

// Some file systems have no links (FAT), others no such rename (NFS).
Status name_if_free(const fs::path& temporary, const fs::path& path) {
  if (::link(temporary.c_str(), path.c_str()) == 0) {
    ::unlink(temporary.c_str());
    return Done{};
  }
  if (errno != EEXIST &&
      ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
    return Done{};
  }
  if (errno == EEXIST) return Error{ErrorCode::conflict, path.string() + " is there already"};
  return errno_error("rename", path);
}

}  // namespace

Status DurableFolders::make(const fs::path& folder) {
  if (known_.contains(folder)) return Done{};
  const fs::path above = folder.parent_path();
  std::error_code failed;
  if (!fs::exists(above, failed)) WY_RETURN_IF_ERROR(make(above));
  const bool made = fs::create_directory(folder, failed);
  if (made) fs::permissions(folder, fs::perms::owner_all, failed);
  if (failed) {
    return Error{ErrorCode::unavailable, "create " + folder.string() + ": " + failed.message()};
  }
  // Whoever may not open the folder above has had this one made.
  if (made || ::access(above.c_str(), R_OK) == 0) WY_RETURN_IF_ERROR(sync_directory(above));
  known_.insert(folder);
  return Done{};
}

Status DurableFolders::make(const fs::path& root, const fs::path& relative) {
  fs::path folder = root;
  WY_RETURN_IF_ERROR(make(folder));
  for (const fs::path& part : relative) {
    folder /= part;
    WY_RETURN_IF_ERROR(make(folder));
  }
  return Done{};
}

Status read_piece(const FileDescriptor& file, std::int64_t offset, std::string& piece) {
  std::size_t have = 0;
  while (have < piece.size()) {
    const ssize_t count = ::pread(file.get(), piece.data() + have, piece.size() - have,
                                  offset + static_cast<std::int64_t>(have));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read");
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  piece.resize(have);
  return Done{};
}

NewFile::NewFile(fs::path path, fs::path temporary, FileDescriptor fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::move(other.fd_)),
      digest_(std::move(other.digest_)),
      size_(other.size_) {
  other.temporary_.clear();
}

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<NewFile> NewFile::create(const fs::path& path) {
  fs::path temporary = path.parent_path() / ("." + new_id("tmp"));
  FileDescriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return errno_error("create", temporary);
  return NewFile(path, std::move(temporary), std::move(fd));
}

Status NewFile::write(std::string_view bytes) {
  digest_.add(bytes);
  size_ += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errno_error("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return Done{};
}

Place::Received NewFile::received() { return {to_hex(digest_.finish()), size_}; }

Status NewFile::finish() {
  if (::fsync(fd_.get()) != 0) return errno_error("fsync", path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return errno_error("rename", path_);
  temporary_.clear();
  return settle();
}

Status NewFile::finish_new() {
  if (::fsync(fd_.get()) != 0) return errno_error("fsync", path_);
  WY_RETURN_IF_ERROR(name_if_free(temporary_, path_));
  temporary_.clear();
  return settle();
}

// Else the next attempt would take it for one that is there for good.
Status NewFile::settle() {
  Status settled = sync_directory(path_.parent_path());
  if (!settled) ::unlink(path_.c_str());
  return settled;
}

}  // namespace wenyuan::backup
