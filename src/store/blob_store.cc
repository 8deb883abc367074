#include "store/blob_store.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::store {
namespace fs = std::filesystem;

// How many hold each blob. A file is moved to its name, and removed, only under the mutex.
struct BlobStore::Holds {
  std::mutex mutex;
  // Before `mutex`: whether a file is good takes as long as reading it, and two that find it
  // damaged must not replace each other's.
  std::mutex replacing;
  std::map<std::string, int> counts;  // guarded by mutex
  // Whose names are certainly on the disk. That a folder is there does not say so: somebody may
  // have made it a moment ago, or before a crash.
  std::set<fs::path> durable_folders;  // guarded by mutex
};

namespace {

constexpr std::size_t kReadSize = std::size_t{1} << 20;

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

Status check_bytes(const SealedReader& file, const std::string& sha256) {
  DigestWriter digest;
  for (std::int64_t at = 0; at < file.size();) {
    WY_TRY(const std::string bytes, file.read(at, kReadSize));
    digest.add(bytes);
    at += static_cast<std::int64_t>(bytes.size());
  }
  if (to_hex(digest.finish()) == sha256) return Done{};
  return Error{ErrorCode::corrupt, "blob " + sha256 + " does not hold the bytes that were stored"};
}

}  // namespace

std::string original_bound(const std::string& sha256) { return "original " + sha256; }

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

  Impl(fs::path root, const SealedFiles& sealed, std::shared_ptr<Holds> shared_holds,
       std::int64_t limit)
      : directory(std::move(root)),
        files(sealed),
        holds(std::move(shared_holds)),
        size_max(limit),
        temporary(directory / "new" / new_id("upl")) {}
  ~Impl() {
    // Its key as well; what cannot be done now has no name that anybody looks for.
    if (finished && !files.destroy(temporary, bound)) ::unlink(temporary.c_str());
  }

  // Under its name, when there is no good file yet.
  Status place(const fs::path& target, const std::string& sha256);

  fs::path directory;
  const SealedFiles& files;
  std::shared_ptr<Holds> holds;
  std::int64_t size_max;
  fs::path temporary;
  std::unique_ptr<SealedWriter> file;
  bool finished = false;  // and not yet moved to its name
  std::string bound;
  std::int64_t size_bytes = 0;
  DigestWriter digest;
};

BlobStore::BlobStore(fs::path directory, const SealedFiles& files, std::shared_ptr<Holds> holds)
    : directory_(std::move(directory)), files_(&files), holds_(std::move(holds)) {}
BlobStore::BlobStore(BlobStore&&) noexcept = default;
BlobStore& BlobStore::operator=(BlobStore&&) noexcept = default;
BlobStore::~BlobStore() = default;

Result<BlobStore> BlobStore::open(const fs::path& directory, const SealedFiles& files) {
  std::error_code failed;
  fs::create_directories(directory.parent_path(), failed);
  WY_RETURN_IF_ERROR(make_folder(directory));
  WY_RETURN_IF_ERROR(make_folder(directory / "new"));
  return BlobStore(directory, files, std::make_shared<Holds>());
}

BlobStore::Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlobStore::Writer::Writer(Writer&&) noexcept = default;
BlobStore::Writer::~Writer() = default;

Result<BlobStore::Writer> BlobStore::writer(std::int64_t size_max) const {
  auto impl = std::make_unique<Writer::Impl>(directory_, *files_, holds_, size_max);
  WY_TRY(impl->file, files_->create(impl->temporary));
  return Writer(std::move(impl));
}

Status BlobStore::Writer::write(std::string_view bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > impl_->size_max - impl_->size_bytes) {
    return Error{ErrorCode::too_large,
                 "the file has more than " + std::to_string(impl_->size_max) + " bytes"};
  }
  impl_->digest.add(bytes);
  impl_->size_bytes += static_cast<std::int64_t>(bytes.size());
  return impl_->file->write(bytes);
}

Status BlobStore::Writer::Impl::place(const fs::path& target, const std::string& sha256) {
  const std::lock_guard one_at_a_time(holds->replacing);
  const auto there = files.open(target, bound);
  if (there && check_bytes(**there, sha256)) return Done{};
  const std::lock_guard lock(holds->mutex);
  WY_RETURN_IF_ERROR(files.replace(temporary, target, bound));
  finished = false;
  return Done{};
}

Result<BlobInfo> BlobStore::Writer::finish() {
  const std::string sha256 = to_hex(impl_->digest.finish());
  impl_->bound = original_bound(sha256);
  WY_RETURN_IF_ERROR(impl_->file->finish(impl_->bound));
  impl_->finished = true;
  const fs::path outer = impl_->directory / sha256.substr(0, 2);
  const fs::path inner = outer / sha256.substr(2, 2);
  WY_RETURN_IF_ERROR(impl_->make_durable_folder(outer));
  WY_RETURN_IF_ERROR(impl_->make_durable_folder(inner));
  const std::shared_ptr<Holds> holds = impl_->holds;
  std::shared_ptr<const void> hold;
  {
    const std::lock_guard lock(holds->mutex);
    // From here on nobody removes what is there.
    ++holds->counts[sha256];
    hold = std::shared_ptr<const void>(holds.get(), [holds, sha256](const void*) {
      const std::lock_guard last(holds->mutex);
      if (--holds->counts[sha256] == 0) holds->counts.erase(sha256);
    });
  }
  WY_RETURN_IF_ERROR(impl_->place(inner / sha256, sha256));
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

Result<std::shared_ptr<const SealedReader>> BlobStore::reader(const std::string& sha256) const {
  // Not while somebody puts another file in its place.
  const std::lock_guard lock(holds_->mutex);
  WY_TRY(auto opened, files_->open(path(sha256), original_bound(sha256)));
  return std::shared_ptr<const SealedReader>(std::move(opened));
}

Result<std::string> BlobStore::get(const std::string& sha256) const {
  WY_TRY(const auto file, reader(sha256));
  WY_TRY(std::string bytes, file->read(0, static_cast<std::size_t>(file->size())));
  DigestWriter digest;
  digest.add(bytes);
  if (to_hex(digest.finish()) == sha256) return bytes;
  return Error{ErrorCode::corrupt, "blob " + sha256 + " does not hold the bytes that were stored"};
}

Status BlobStore::check(const std::string& sha256) const {
  WY_TRY(const auto file, reader(sha256));
  return check_bytes(*file, sha256);
}

Result<FileDescriptor> BlobStore::plain_file(const std::string& sha256) const {
  WY_TRY(const auto file, reader(sha256));
  FileDescriptor fd(::memfd_create("original", MFD_CLOEXEC));
  if (!fd) return errno_error("memfd_create");
  for (std::int64_t at = 0; at < file->size();) {
    WY_TRY(const std::string bytes, file->read(at, kReadSize));
    for (std::string_view left = bytes; !left.empty();) {
      const ssize_t count = ::write(fd.get(), left.data(), left.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return errno_error("write into memory");
      left.remove_prefix(static_cast<std::size_t>(count));
    }
    at += static_cast<std::int64_t>(bytes.size());
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return errno_error("seek in memory");
  return fd;
}

Status BlobStore::remove(const std::string& sha256) const {
  const fs::path file = path(sha256);
  const std::lock_guard lock(holds_->mutex);
  if (holds_->counts.contains(sha256)) return Done{};
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return Done{};
  WY_RETURN_IF_ERROR(files_->destroy(file, original_bound(sha256)));
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
      if (const Status gone = remove(name); gone) {
        ++removed;
      } else {
        log::error("store.original_left", {{"original", name}, {"why", gone.error().message}});
      }
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
