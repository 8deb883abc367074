#include "backup/folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/file.h"
#include "base/id.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kCopySize = std::size_t{1} << 20;
constexpr std::size_t kKeySizeMax = 16 * 1024;
constexpr std::size_t kNumberWidth = 12;
constexpr std::size_t kSealedHeaderSize = 84;
constexpr std::string_view kSegmentEnding = ".wal";

Error cannot(std::string_view what, const fs::path& path, const std::error_code& error) {
  return Error{ErrorCode::unavailable,
               std::string(what) + " " + path.string() + ": " + error.message()};
}

Status make_folders(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed) return cannot("create", path, failed);
  return Done{};
}

Status copy_bytes(const FileDescriptor& from, const FileDescriptor& to, const fs::path& path,
                  store::DigestWriter& digest, std::int64_t& size) {
  std::string buffer(kCopySize, '\0');
  for (;;) {
    const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read", path);
    if (count == 0) break;
    std::string_view rest = std::string_view(buffer).substr(0, static_cast<std::size_t>(count));
    digest.add(rest);
    size += count;
    while (!rest.empty()) {
      const ssize_t written = ::write(to.get(), rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return errno_error("write", path);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (::fsync(to.get()) != 0) return errno_error("fsync", path);
  return Done{};
}

}  // namespace

fs::path Folder::segment(const std::string& name, std::int64_t number) const {
  std::string digits = std::to_string(number);
  if (digits.size() < kNumberWidth) digits.insert(0, kNumberWidth - digits.size(), '0');
  digits += kSegmentEnding;
  return generation(name) / digits;
}

fs::path original_path(const fs::path& root, const std::string& name) {
  WY_ASSERT(is_sha256(name));
  return root / name.substr(0, 2) / name.substr(2, 2) / name;
}

fs::path Folder::original(const std::string& blob) const {
  return original_path(root_ / "blobs", blob);
}

Result<std::vector<std::string>> Folder::folders(bool whole) const {
  std::vector<std::string> names;
  const fs::path path = root_ / "generations";
  std::error_code failed;
  for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (is_generation(name) && fs::exists(manifest(name), ignored) == whole) names.push_back(name);
  }
  if (failed) {
    if (failed == std::errc::no_such_file_or_directory) {
      return Error{ErrorCode::not_found, "there is no backup in " + root_.string()};
    }
    return cannot("look through", path, failed);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> Folder::generations() const { return folders(true); }
Result<std::vector<std::string>> Folder::unfinished() const { return folders(false); }

Result<std::vector<std::int64_t>> Folder::segments(const std::string& name) const {
  std::vector<std::int64_t> numbers;
  std::error_code failed;
  for (fs::directory_iterator at(generation(name), failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string file = at->path().filename().string();
    if (!file.ends_with(kSegmentEnding)) continue;
    std::int64_t number = 0;
    const char* const stop = file.data() + file.size() - kSegmentEnding.size();
    const auto [rest, error] = std::from_chars(file.data(), stop, number);
    if (error == std::errc() && rest == stop && segment(name, number) == at->path()) {
      numbers.push_back(number);
    }
  }
  if (failed) return cannot("look through", generation(name), failed);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Status Folder::prepare(const fs::path& public_file) const {
  WY_TRY(const audit::VerifyingKey key, audit::VerifyingKey::open(public_file));
  WY_RETURN_IF_ERROR(make_folders(root_ / "generations"));
  WY_RETURN_IF_ERROR(make_folders(root_ / "blobs"));
  std::error_code ignored;
  if (!fs::exists(public_key(), ignored)) {
    WY_TRY(const std::string text, read_file(public_file, kKeySizeMax));
    return write_file_durably(public_key(), text, 0644);
  }
  WY_TRY(const audit::VerifyingKey there, audit::VerifyingKey::open(public_key()));
  if (there.raw() == key.raw()) return Done{};
  return Error{ErrorCode::conflict, root_.string() + " holds backups of another store"};
}

Result<Original> copy_original(const fs::path& from, const fs::path& to, const std::string& name) {
  const FileDescriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source) return errno_error("open", from);
  WY_RETURN_IF_ERROR(make_folders(to.parent_path()));
  const fs::path temporary = to.parent_path() / ("." + new_id("tmp"));
  const FileDescriptor target(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!target) return errno_error("create", temporary);
  store::DigestWriter digest;
  Original made{name, "", 0};
  Status copied = copy_bytes(source, target, temporary, digest, made.size);
  if (copied && ::rename(temporary.c_str(), to.c_str()) != 0) copied = errno_error("rename", to);
  if (!copied) {
    ::unlink(temporary.c_str());
    return copied.error();
  }
  made.sha256 = to_hex(digest.finish());
  WY_RETURN_IF_ERROR(sync_directory(to.parent_path()));
  return made;
}

bool same_sealed_file(const fs::path& one, const fs::path& other) {
  const auto header = [](const fs::path& path) {
    std::string bytes(kSealedHeaderSize, '\0');
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    const bool whole =
        fd && ::pread(fd.get(), bytes.data(), bytes.size(), 0) == ssize_t{kSealedHeaderSize};
    return whole ? bytes : std::string();
  };
  const std::string first = header(one);
  return !first.empty() && first == header(other);
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
