#include "store/secret_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>
#include <vector>

#include "base/file_places.h"
#include "base/text.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMagic = "wenyuan secrets\n";
constexpr std::uint8_t kLost = 0xff;
constexpr SecretNumber kMergeCount = 2048;  // places that are compared at a time

// What a damaged file or row names may be any number; behind this one no file has places.
constexpr SecretNumber kNumberMax =
    std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(kSecretSize) - kMergeCount;

std::int64_t offset_of(SecretNumber number) {
  return number * static_cast<std::int64_t>(kSecretSize);
}

Result<std::string> header_of(const std::string& store_id) {
  const auto id = from_hex(store_id);
  if (!id || id->size() != kSecretSize - kMagic.size()) {
    return Error{ErrorCode::invalid_argument, "a store's id is 32 hex digits"};
  }
  std::string header(kMagic);
  header.append(id->begin(), id->end());
  return header;
}

Status check_header(int fd, const fs::path& file, const std::string& wanted) {
  std::string found(kSecretSize, '\0');
  WY_TRY(const std::size_t size, read_at(fd, 0, found, file));
  if (size < kSecretSize || !found.starts_with(kMagic)) {
    return Error{ErrorCode::corrupt, file.string() + " does not hold erasure secrets"};
  }
  if (found == wanted) return Done{};
  return Error{ErrorCode::corrupt, file.string() + " belongs to another store"};
}

std::span<std::uint8_t> raw(std::span<CipherKey> places) {
  return {reinterpret_cast<std::uint8_t*>(places.data()), places.size_bytes()};
}

std::span<char> characters(std::span<CipherKey> places) {
  return {reinterpret_cast<char*>(places.data()), places.size_bytes()};
}

// What `into` is to have there.
Result<CipherKey> merged(const CipherKey& into, const CipherKey& from, Merge merge) {
  const SecretState had = state_of(into);
  const SecretState given = state_of(from);
  if (into == from || given == SecretState::lost || had == SecretState::destroyed) return into;
  if (had == SecretState::lost) return from;
  if (given == SecretState::destroyed && merge == Merge::erasing) return from;
  if (given == SecretState::destroyed) {
    return Error{ErrorCode::conflict, "erasures were made in one that are not in the other"};
  }
  return Error{ErrorCode::conflict, "two servers have gone on from one state, each with its own"};
}

Error do_not_match(const SecretFile& into, const SecretFile& from, const Error& why) {
  return {why.code, into.path().string() + " and " + from.path().string() +
                        " do not go together: " + why.message};
}

}  // namespace

CipherKey lost_place() {
  CipherKey place{};
  place.fill(kLost);
  return place;
}

SecretState state_of(const CipherKey& place) {
  const auto all = [&](std::uint8_t value) {
    return std::all_of(place.begin(), place.end(), [&](std::uint8_t x) { return x == value; });
  };
  return all(0) ? SecretState::destroyed : all(kLost) ? SecretState::lost : SecretState::there;
}

Result<SecretFile> SecretFile::open(const fs::path& path, const std::string& store_id, Mode mode) {
  WY_TRY(std::string header, header_of(store_id));
  FileDescriptor fd(::open(path.c_str(), (mode == Mode::read ? O_RDONLY : O_RDWR) | O_CLOEXEC |
                                             O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return errno_error("open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error("stat", path);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::corrupt, path.string() + " does not hold erasure secrets"};
  }
  WY_RETURN_IF_ERROR(check_header(fd.get(), path, header));
  return SecretFile(path, std::move(fd), std::move(header));
}

Result<SecretFile> SecretFile::make(const fs::path& path, const std::string& store_id,
                                    const SecretFile* from) {
  WY_TRY(const std::string header, header_of(store_id));
  if (std::error_code none; fs::exists(path, none)) {
    return Error{ErrorCode::conflict, path.string() + " is there already"};
  }
  if (from == nullptr) {
    WY_RETURN_IF_ERROR(write_file_durably(path, header, 0600));
    return open(path, store_id, Mode::write);
  }
  // Under its own name only when it is whole.
  fs::path begun = path;
  begun += ".new";
  WY_RETURN_IF_ERROR(write_file_durably(begun, header, 0600));
  {
    WY_TRY(const SecretFile made, open(begun, store_id, Mode::write));
    WY_RETURN_IF_ERROR(merge_secrets(made, *from, Merge::erasing));
  }
  if (::rename(begun.c_str(), path.c_str()) != 0) return errno_error("rename", path);
  WY_RETURN_IF_ERROR(sync_directory(path.parent_path()));
  return open(path, store_id, Mode::write);
}

Result<SecretNumber> SecretFile::end() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return errno_error("stat", path_);
  return std::max<SecretNumber>(
      1, (info.st_size + static_cast<off_t>(kSecretSize) - 1) / static_cast<off_t>(kSecretSize));
}

Status SecretFile::read(SecretNumber first, std::span<CipherKey> places) const {
  WY_ASSERT(first > 0);
  std::size_t done = 0;
  if (first <= kNumberMax) {
    WY_TRY(done, read_at(fd_.get(), offset_of(first), characters(places), path_));
  }
  // A place that is not whole is none.
  for (CipherKey& place : places.subspan(done / kSecretSize)) place = lost_place();
  return Done{};
}

Status SecretFile::write(SecretNumber first, std::span<const CipherKey> places) const {
  WY_ASSERT(first > 0);
  const auto* const bytes = reinterpret_cast<const char*>(places.data());
  return write_at(fd_.get(), offset_of(first), {bytes, places.size_bytes()}, path_);
}

Status SecretFile::destroy(std::span<const SecretNumber> numbers) const {
  const CipherKey zeros{};
  WY_TRY(const SecretNumber last, end());
  for (const SecretNumber number : numbers) {
    if (number < last) WY_RETURN_IF_ERROR(write(number, {&zeros, 1}));
  }
  return sync();
}

Status SecretFile::sync() const {
  if (::fdatasync(fd_.get()) != 0) return errno_error("sync", path_);
  return Done{};
}

Status SecretFile::probe() const {
  struct stat ours {};
  struct stat there {};
  if (::fstat(fd_.get(), &ours) != 0) return errno_error("stat", path_);
  if (::stat(path_.c_str(), &there) != 0) return errno_error("open", path_);
  if (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev) {
    return Error{ErrorCode::unavailable, "another file was put in the place of " + path_.string()};
  }
  WY_RETURN_IF_ERROR(write_at(fd_.get(), 0, header_, path_));
  return sync();
}

Status SecretFile::lock() const {
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return Done{};
  // Not every file system can.
  if (errno != EWOULDBLOCK) return Done{};
  return Error{ErrorCode::conflict, "another server keeps its secrets in " + path_.string()};
}

Status merge_secrets(const SecretFile& into, const SecretFile& from, Merge merge) {
  WY_TRY(const SecretNumber last, from.end());
  WY_TRY(const SecretNumber whole, into.end());
  bool changed = false;
  std::vector<CipherKey> had(kMergeCount);
  std::vector<CipherKey> given(kMergeCount);
  for (SecretNumber first = 1; first < last; first += kMergeCount) {
    const auto count = static_cast<std::size_t>(std::min(kMergeCount, last - first));
    had.resize(count);
    given.resize(count);
    WY_RETURN_IF_ERROR(into.read(first, had));
    WY_RETURN_IF_ERROR(from.read(first, given));
    // No place may be left out: a hole in a file reads as something that was destroyed.
    bool differs = first + static_cast<SecretNumber>(count) > whole;
    for (std::size_t i = 0; i < count; ++i) {
      const auto wanted = merged(had[i], given[i], merge);
      if (!wanted) return do_not_match(into, from, wanted.error());
      differs = differs || *wanted != had[i];
      had[i] = *wanted;
    }
    if (differs) WY_RETURN_IF_ERROR(into.write(first, had));
    changed = changed || differs;
  }
  wipe(raw(had));
  wipe(raw(given));
  return changed ? into.sync() : Status(Done{});
}

Status bring_secrets(const fs::path& file, const fs::path& copy, const std::string& store_id) {
  WY_TRY(const SecretFile from, SecretFile::open(copy, store_id, SecretFile::Mode::read));
  if (std::error_code none; !fs::exists(file, none)) {
    WY_TRY([[maybe_unused]] const SecretFile made, SecretFile::make(file, store_id, &from));
    return Done{};
  }
  WY_TRY(const SecretFile into, SecretFile::open(file, store_id, SecretFile::Mode::write));
  WY_RETURN_IF_ERROR(into.lock());
  return merge_secrets(into, from, Merge::erasing);
}

}  // namespace wenyuan::store
