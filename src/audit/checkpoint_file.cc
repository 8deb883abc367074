#include "audit/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/file_places.h"

namespace wenyuan::audit {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kBetween = "\n\n";
constexpr std::string_view kSignatureLine = "\n\xE2\x80\x94 ";
// At one note a minute, 6 years are about 900 MB.
constexpr std::size_t kFileSizeMax = std::size_t{4} << 30;
constexpr off_t kTailSize = 2 * static_cast<off_t>(kNoteSizeMax);

struct Tail {
  off_t end = 0;                   // of the last whole note with what follows it
  std::vector<std::string> notes;  // the last ones
};

// Looks at the end of the file only. Notes hold an empty line themselves: one that follows a
// signature is between two notes.
Result<Tail> read_tail(int fd, const fs::path& file) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) return errno_error("seek", file);
  std::string tail(static_cast<std::size_t>(std::min(size, kTailSize)), '\0');
  const off_t begin = size - static_cast<off_t>(tail.size());
  WY_TRY(const std::size_t found, read_at(fd, begin, tail, file));
  tail.resize(found);
  std::size_t start = 0;
  if (begin > 0) {
    const std::size_t dash = tail.find(kSignatureLine);
    const std::size_t gap = dash == std::string::npos ? dash : tail.find(kBetween, dash);
    if (gap == std::string::npos) {
      return Error{ErrorCode::corrupt, file.string() + " does not end with checkpoints"};
    }
    start = gap + kBetween.size();
  }
  Tail made;
  made.notes = split_notes(std::string_view(tail).substr(start));
  for (const std::string& note : made.notes) start += note.size() + 1;
  made.end = begin + static_cast<off_t>(std::min(start, tail.size()));
  return made;
}

}  // namespace

std::vector<std::string> split_notes(std::string_view text) {
  std::vector<std::string> notes;
  while (!text.empty()) {
    const std::size_t gap = text.find(kBetween);
    if (gap == std::string_view::npos) break;
    const std::size_t next = text.find(kBetween, gap + kBetween.size());
    if (next == std::string_view::npos) {
      if (text.ends_with('\n') && text.size() > gap + kBetween.size()) notes.emplace_back(text);
      break;
    }
    notes.emplace_back(text.substr(0, next + 1));
    text.remove_prefix(next + kBetween.size());
  }
  return notes;
}

Result<std::vector<Checkpoint>> open_checkpoints(const std::vector<std::string>& notes,
                                                 const VerifyingKey& key) {
  std::vector<Checkpoint> all;
  for (const std::string& note : notes) {
    const std::string where = "checkpoint " + std::to_string(all.size() + 1);
    auto checkpoint = open_checkpoint(note, key);
    if (!checkpoint) return within(where, checkpoint.error());
    if (!all.empty() && checkpoint->size <= all.back().size) {
      return Error{ErrorCode::corrupt, where + " is not longer than the one before it"};
    }
    all.push_back(*std::move(checkpoint));
  }
  return all;
}

Result<std::vector<Checkpoint>> read_checkpoints(const fs::path& file, const VerifyingKey& key) {
  auto content = read_file(file, kFileSizeMax);
  if (!content && content.error().code == ErrorCode::not_found) return std::vector<Checkpoint>();
  if (!content) return std::move(content).error();
  return open_checkpoints(split_notes(*content), key);
}

Result<std::optional<Checkpoint>> read_newest_checkpoint(const fs::path& file,
                                                         const VerifyingKey& key) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::optional<Checkpoint>();
  if (!fd) return errno_error("open", file);
  WY_TRY(const Tail tail, read_tail(fd.get(), file));
  if (tail.notes.empty()) return std::optional<Checkpoint>();
  WY_TRY(Checkpoint newest, open_checkpoint(tail.notes.back(), key));
  return std::optional(std::move(newest));
}

Status append_note(const fs::path& file, std::string_view note) {
  const bool is_new = !fs::exists(file);
  const FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return errno_error("open", file);
  WY_TRY(const Tail tail, read_tail(fd.get(), file));
  const off_t end = tail.end;
  if (::ftruncate(fd.get(), end) != 0) return errno_error("truncate", file);
  // The cut may have been between the last note and its empty line.
  std::string before(kBetween);
  if (end >= 2) WY_RETURN_IF_ERROR(read_at(fd.get(), end - 2, before, file));
  std::string bytes(before == kBetween ? "" : "\n");
  bytes += note;
  bytes += '\n';
  // What fails half-way is an incomplete note, which the next append takes away.
  WY_RETURN_IF_ERROR(write_at(fd.get(), end, bytes, file));
  if (::fsync(fd.get()) != 0) return errno_error("fsync", file);
  if (is_new) return sync_directory(file.parent_path());
  return Done{};
}

}  // namespace wenyuan::audit
