#include "store/blob_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/id.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::store {
namespace fs = std::filesystem;

// How many hold each blob. A file is moved to its name, and removed, only under the mutex.
struct BlobStore::Holds {
  std::mutex mutex;
  std::map<std::string, int> counts;  // guarded by mutex
  // Whose names are certainly on the disk. That a folder is there does not say so: somebody may
  // have made it a moment ago, or before a crash.
  std::set<fs::path> durable_folders;  // guarded by mutex
};

namespace {

constexpr std::size_t kBlobSizeMax = std::size_t{1} << 40;

bool is_blob_name(std::string_view name) {
  if (name.size() != 64) return false;
  for (const char c : name) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

Status make_folder(const fs::path& path) {
  std::error_code failed;
  if (fs::create_directory(path, failed)) fs::permissions(path, fs::perms::owner_all, failed);
  if (!failed) return sync_directory(path.parent_path());
  return Error{ErrorCode::unavailable, "create " + path.string() + ": " + failed.message()};
}

}  // namespace

struct BlobStore::Writer::Impl {
  Status make_durable_folder(const fs::path& path) const {
    {
      const std::lock_guard lock(holds->mutex);
      if (holds->durable_folders.contains(path)) return Done{};
    }
    WY_RETURN_IF_ERROR(make_folder(path));
    const std::lock_guard lock(holds->mutex);
    holds->durable_folders.insert(path);
    return Done{};
  }

  Impl(fs::path root, std::shared_ptr<Holds> shared_holds, std::int64_t limit)
      : directory(std::move(root)),
        holds(std::move(shared_holds)),
        size_max(limit),
        temporary(directory / "new" / new_id("upl")) {}
  ~Impl() {
    if (fd) ::unlink(temporary.c_str());
  }

  fs::path directory;
  std::shared_ptr<Holds> holds;
  std::int64_t size_max;
  fs::path temporary;
  FileDescriptor fd;  // open as long as there is a temporary file to remove
  std::int64_t size_bytes = 0;
  DigestWriter digest;
};

BlobStore::BlobStore(fs::path directory, std::shared_ptr<Holds> holds)
    : directory_(std::move(directory)), holds_(std::move(holds)) {}
BlobStore::BlobStore(BlobStore&&) noexcept = default;
BlobStore& BlobStore::operator=(BlobStore&&) noexcept = default;
BlobStore::~BlobStore() = default;

Result<BlobStore> BlobStore::open(const fs::path& directory) {
  std::error_code failed;
  fs::create_directories(directory.parent_path(), failed);
  WY_RETURN_IF_ERROR(make_folder(directory));
  WY_RETURN_IF_ERROR(make_folder(directory / "new"));
  return BlobStore(directory, std::make_shared<Holds>());
}

BlobStore::Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlobStore::Writer::Writer(Writer&&) noexcept = default;
BlobStore::Writer::~Writer() = default;

Result<BlobStore::Writer> BlobStore::writer(std::int64_t size_max) const {
  auto impl = std::make_unique<Writer::Impl>(directory_, holds_, size_max);
  impl->fd = FileDescriptor(
      ::open(impl->temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!impl->fd) return errno_error("create", impl->temporary);
  return Writer(std::move(impl));
}

Status BlobStore::Writer::write(std::string_view bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > impl_->size_max - impl_->size_bytes) {
    return Error{ErrorCode::too_large,
                 "the file has more than " + std::to_string(impl_->size_max) + " bytes"};
  }
  impl_->digest.add(bytes);
  impl_->size_bytes += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t count = ::write(impl_->fd.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write", impl_->temporary);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return Done{};
}

Result<BlobInfo> BlobStore::Writer::finish() {
  if (::fsync(impl_->fd.get()) != 0) return errno_error("fsync", impl_->temporary);
  const std::string sha256 = to_hex(impl_->digest.finish());
  const fs::path outer = impl_->directory / sha256.substr(0, 2);
  const fs::path inner = outer / sha256.substr(2, 2);
  WY_RETURN_IF_ERROR(impl_->make_durable_folder(outer));
  WY_RETURN_IF_ERROR(impl_->make_durable_folder(inner));
  const std::shared_ptr<Holds> holds = impl_->holds;
  std::shared_ptr<const void> hold;
  {
    const std::lock_guard lock(holds->mutex);
    // Over a file of that name too: its bytes should be the same, and if they have decayed since,
    // they are good again.
    const fs::path target = inner / sha256;
    if (::rename(impl_->temporary.c_str(), target.c_str()) != 0) {
      return errno_error("rename", target);
    }
    impl_->fd.reset();
    ++holds->counts[sha256];
    hold = std::shared_ptr<const void>(holds.get(), [holds, sha256](const void*) {
      const std::lock_guard last(holds->mutex);
      if (--holds->counts[sha256] == 0) holds->counts.erase(sha256);
    });
  }
  WY_RETURN_IF_ERROR(sync_directory(inner));
  return BlobInfo{.sha256 = sha256, .size_bytes = impl_->size_bytes, .hold = std::move(hold)};
}

Result<BlobInfo> BlobStore::put(std::string_view bytes, std::int64_t size_max) const {
  WY_TRY(Writer blob, writer(size_max));
  WY_RETURN_IF_ERROR(blob.write(bytes));
  return blob.finish();
}

fs::path BlobStore::path(const std::string& sha256) const {
  WY_ASSERT(is_blob_name(sha256));  // a name with a path in it must never get here
  return directory_ / sha256.substr(0, 2) / sha256.substr(2, 2) / sha256;
}

Result<std::string> BlobStore::get(const std::string& sha256) const {
  WY_TRY(std::string bytes, read_file(path(sha256), kBlobSizeMax));
  DigestWriter digest;
  digest.add(bytes);
  if (to_hex(digest.finish()) == sha256) return bytes;
  return Error{ErrorCode::corrupt, "blob " + sha256 + " does not hold the bytes that were stored"};
}

Status BlobStore::remove(const std::string& sha256) const {
  const fs::path file = path(sha256);
  const std::lock_guard lock(holds_->mutex);
  if (holds_->counts.contains(sha256)) return Done{};
  if (::unlink(file.c_str()) != 0) {
    if (errno == ENOENT) return Done{};
    return errno_error("remove", file);
  }
  return sync_directory(file.parent_path());
}

Result<std::int64_t> BlobStore::remove_unnamed(
    const std::function<bool(const std::string&)>& is_named) const {
  std::int64_t removed = 0;
  std::error_code failed;
  std::vector<fs::path> unnamed;
  for (fs::recursive_directory_iterator at(directory_, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (!at->is_regular_file(failed)) continue;
    const std::string name = at->path().filename().string();
    if (!is_blob_name(name)) {
      unnamed.push_back(at->path());  // of a writer that never came to its end
    } else if (!is_named(name)) {
      WY_RETURN_IF_ERROR(remove(name));
      ++removed;
    }
  }
  for (const fs::path& file : unnamed) fs::remove(file, failed);
  if (failed) {
    return Error{ErrorCode::unavailable,
                 "look through " + directory_.string() + ": " + failed.message()};
  }
  return removed;
}

}  // namespace wenyuan::store
