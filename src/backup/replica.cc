#include "backup/replica.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "backup/page_file.h"
#include "backup/signed_lines.h"
#include "base/sha256.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kListSizeMax = std::size_t{4} << 30;
constexpr const char* kMarker = "replica";
constexpr const char* kLock = "wenyuan.lock";

Error corrupt(std::string what) { return Error{ErrorCode::corrupt, std::move(what)}; }

// The lock that a server takes too.
Result<FileDescriptor> lock_directory(const fs::path& directory) {
  const fs::path file = directory / kLock;
  FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return errno_error("open", file);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return errno_error("lock", file);
  return Error{ErrorCode::conflict, "another process uses " + directory.string()};
}

// But for what a restore that was broken off at once has left.
bool has_nothing(const fs::path& directory) {
  std::error_code failed;
  for (fs::directory_iterator at(directory, failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name != kLock && !name.starts_with(std::string(".") + kMarker)) return false;
  }
  return !failed || !fs::exists(directory, failed);
}

// Of the database that was there before: it would be taken for the new one's.
Status remove_log(const fs::path& database) {
  std::error_code failed;
  for (const char* const ending : {"-wal", "-shm"}) {
    const fs::path file = database.string() + ending;
    fs::remove(file, failed);
    if (failed) {
      return Error{ErrorCode::unavailable, "remove " + file.string() + ": " + failed.message()};
    }
  }
  return sync_directory(database.parent_path());
}

Result<audit::VerifyingKey> known_key(Place& from, const fs::path& public_key) {
  if (!public_key.empty()) return audit::VerifyingKey::open(public_key);
  WY_TRY(const std::string text, Folder(from).public_key());
  auto key = audit::VerifyingKey::parse(text);
  if (!key) return within(from.where(kPublicKeyName), key.error());
  return key;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Replica::Replica(std::unique_ptr<Place> from, const Options& options, audit::VerifyingKey key,
                 FileDescriptor lock)
    : options_(options),
      place_(std::move(from)),
      folder_(*place_),
      key_(std::move(key)),
      lock_(std::move(lock)) {}

bool Replica::is_replica(const fs::path& data) {
  std::error_code ignored;
  return fs::exists(data / kMarker, ignored);
}

Result<Replica> Replica::open(std::unique_ptr<Place> from, const Options& options) {
  WY_TRY(audit::VerifyingKey key, known_key(*from, options.public_key));
  const bool fresh = has_nothing(options.data);
  if (!fresh && !is_replica(options.data)) {
    return Error{ErrorCode::conflict, options.data.string() +
                                          " is not empty: nothing is restored "
                                          "over what is there"};
  }
  WY_RETURN_IF_ERROR(DurableFolders().make(fs::absolute(options.data)));
  std::error_code failed;
  fs::permissions(options.data, fs::perms::owner_all, failed);
  WY_TRY(FileDescriptor lock, lock_directory(options.data));
  Replica replica(std::move(from), options, std::move(key), std::move(lock));
  WY_RETURN_IF_ERROR(fresh ? replica.keep_progress() : replica.load_progress());
  return replica;
}

Status Replica::keep_progress() const {
  std::string text;
  for (const std::string& line :
       {progress_.generation, std::to_string(progress_.segment), progress_.previous,
        std::to_string(progress_.commit), std::to_string(progress_.time),
        std::to_string(progress_.transactions)}) {
    text += line;
    text += '\n';
  }
  return write_file_durably(options_.data / kMarker, text);
}

Status Replica::load_progress() {
  WY_TRY(const std::string text, read_file(options_.data / kMarker, 4096));
  const auto lines = split(text, '\n');
  const Error broken = corrupt((options_.data / kMarker).string() + " is not as it was written");
  if (lines.size() != 7) return broken;
  const auto segment = number_of(lines[1]);
  const auto commit = number_of(lines[3]);
  const auto time = number_of(lines[4]);
  const auto transactions = number_of(lines[5]);
  if (!segment || !commit || !time || !transactions) return broken;
  progress_ = {std::string(lines[0]), *segment, std::string(lines[2]), *commit, *time,
               *transactions};
  if (progress_.generation.empty()) return Done{};
  if (!is_generation(progress_.generation)) return broken;
  WY_TRY(manifest_, read_manifest(progress_.generation));
  WY_TRY(page_size_, PageFile::page_size_of(database()));
  return Done{};
}

Result<Manifest> Replica::read_manifest(const std::string& generation) const {
  const std::string name = manifest_name(generation);
  WY_TRY(const std::string text, place_->get(name, kLinesSizeMax));
  auto manifest = open_manifest(text, key_);
  if (!manifest) return within(place_->where(name), manifest.error());
  if (manifest->generation != generation) {
    return corrupt(place_->where(name) + " belongs to another generation");
  }
  return manifest;
}

// The newest generation that does not begin behind the target.
Result<std::string> Replica::choose(const Target& target) const {
  if (!options_.generation.empty()) return options_.generation;
  WY_TRY(std::string newest, folder_.newest());
  if (newest.empty()) {
    return Error{ErrorCode::not_found, "there is no backup in " + place_->where()};
  }
  if (!target.commit && !target.time) return newest;
  WY_TRY(const auto all, folder_.generations());
  for (auto name = all.rbegin(); name != all.rend(); ++name) {
    WY_TRY(const Manifest manifest, read_manifest(*name));
    const bool reaches = (!target.commit || manifest.commit <= *target.commit) &&
                         (!target.time || manifest.created_at <= *target.time);
    if (reaches) return *name;
  }
  return Error{ErrorCode::invalid_argument, "the backup does not go back so far"};
}

Status Replica::copy_originals(const std::vector<Original>& originals) {
  const fs::path blobs = options_.data / "blobs";
  for (const Original& each : originals) {
    const fs::path to = original_path(blobs, each.name);
    std::error_code ignored;
    if (fs::exists(to, ignored)) {
      WY_TRY(const std::string there, sha256_hex_of_file(to));
      if (there == each.sha256) continue;
    }
    WY_RETURN_IF_ERROR(
        folders_.make(fs::absolute(blobs), to.parent_path().lexically_relative(blobs)));
    const auto copied = place_->get_file(original_name(each), to);
    // Pruned, or lost: finish() says whether it is missed.
    if (!copied && copied.error().code == ErrorCode::not_found) continue;
    if (!copied && copied.error().code != ErrorCode::corrupt) return copied.error();
    if (copied && copied->sha256 == each.sha256 && copied->size == each.size) continue;
    // Damaged: finish() looks for another copy.
    fs::remove(to, ignored);
  }
  return Done{};
}

Status Replica::begin(const std::string& generation) {
  WY_TRY(const Manifest manifest, read_manifest(generation));
  const std::string base = base_name(generation);
  WY_TRY(const std::string list, place_->get(originals_name(generation), kListSizeMax));
  if (sha256_of(list) != manifest.originals_sha256) {
    return corrupt(place_->where(originals_name(generation)) + " is not what the manifest names");
  }
  WY_TRY(const auto originals, parse_originals(list));
  progress_ = {};
  WY_RETURN_IF_ERROR(keep_progress());  // the database that is there ends here
  WY_RETURN_IF_ERROR(remove_log(database()));
  const auto copied = place_->get_file(base, database());
  if (!copied && copied.error().code == ErrorCode::not_found) {
    return corrupt(place_->where(base) + " is missing");
  }
  if (!copied) return copied.error();
  if (copied->sha256 != manifest.base_sha256) {
    std::error_code ignored;
    fs::remove(database(), ignored);
    return corrupt(place_->where(base) + " is not what the manifest names");
  }
  WY_TRY(page_size_, PageFile::page_size_of(database()));
  WY_RETURN_IF_ERROR(copy_originals(originals));
  WY_TRY(const std::string text, place_->get(manifest_name(generation), kLinesSizeMax));
  manifest_ = manifest;
  progress_ = {generation, 0, sha256_of(text), manifest.commit, manifest.created_at, 0};
  return keep_progress();
}

Status Replica::check_link(const Segment& segment, std::int64_t number) const {
  const SegmentHead& head = segment.head();
  const std::string name = place_->where(segment_name(progress_.generation, number));
  if (head.store_id != manifest_.store_id || head.generation != progress_.generation ||
      head.number != number) {
    return corrupt(name + " stands in another's place: it is number " +
                   std::to_string(head.number) + " of " + head.generation);
  }
  if (head.previous != progress_.previous) {
    return corrupt(name + " does not follow what stands before it");
  }
  if (head.page_size != page_size_) return corrupt(name + " has pages of another size");
  return Done{};
}

// False when the target is reached inside.
Result<bool> Replica::apply(Segment& segment, const Target& target) {
  WY_TRY(PageFile file, PageFile::open(database(), page_size_));
  for (;;) {
    WY_TRY(const auto pages, segment.next());
    if (!pages) break;
    const bool wanted = (!target.commit || pages->commit <= *target.commit) &&
                        (!target.time || pages->time <= *target.time);
    if (!wanted) {
      WY_RETURN_IF_ERROR(file.sync());
      return false;
    }
    WY_RETURN_IF_ERROR(file.write(*pages));
    progress_.commit = pages->commit;
    progress_.time = std::max(progress_.time, pages->time);
    progress_.transactions += 1;
  }
  WY_RETURN_IF_ERROR(file.sync());
  return true;
}

// False when there is nothing more to apply.
Result<bool> Replica::apply_next(const Target& target) {
  const std::int64_t number = progress_.segment + 1;
  const std::string name = segment_name(progress_.generation, number);
  const std::string where = place_->where(name);
  const auto bytes = place_->get(name, kSegmentSizeMax);
  if (!bytes && bytes.error().code == ErrorCode::not_found) {
    WY_TRY(const auto later, folder_.segments(progress_.generation, number));
    if (later.empty()) return false;
    // It may have come just now.
    WY_TRY(const bool come, place_->has(name));
    if (come) return apply_next(target);
    return corrupt(where + " is missing, and there are later ones");
  }
  if (!bytes) return bytes.error();
  auto segment = Segment::open(*bytes, key_);
  if (!segment) return within(where, segment.error());
  WY_RETURN_IF_ERROR(check_link(*segment, number));
  WY_RETURN_IF_ERROR(copy_originals(segment->head().originals));
  const Progress before = progress_;
  const auto whole = apply(*segment, target);
  if (!whole) {
    progress_ = before;
    return within(where, whole.error());
  }
  if (!*whole) return false;
  progress_.segment = number;
  progress_.previous = segment->head_sha256();
  WY_RETURN_IF_ERROR(keep_progress());
  return true;
}

Status Replica::catch_up(const Target& target) {
  WY_TRY(const std::string wanted, choose(target));
  if (progress_.generation.empty()) WY_RETURN_IF_ERROR(begin(wanted));
  const bool before_base = (target.commit && *target.commit < manifest_.commit) ||
                           (target.time && *target.time < manifest_.created_at);
  if (before_base) {
    return Error{ErrorCode::invalid_argument,
                 "the generation " + manifest_.generation + " begins at commit " +
                     std::to_string(manifest_.commit) + ", " + rfc3339(manifest_.created_at)};
  }
  for (;;) {
    WY_TRY(const bool more, apply_next(target));
    if (!more) break;
  }
  // A server that was restarted goes on in another generation.
  if (!options_.generation.empty() || wanted <= progress_.generation) return Done{};
  WY_RETURN_IF_ERROR(begin(wanted));
  return catch_up(target);
}

}  // namespace wenyuan::backup
