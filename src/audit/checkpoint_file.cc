#include "audit/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "base/file.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "wenyuan-audit-checkpoint-1";
// At one line a minute, 6 years are about 700 MB.
constexpr std::size_t kFileSizeMax = std::size_t{4} << 30;

// What is signed: the line up to its last space.
std::string statement(const Checkpoint& checkpoint) {
  return std::string(kPrefix) + " " + std::to_string(checkpoint.record_count) + " " +
         checkpoint.head + " " + rfc3339(checkpoint.time);
}

// Only what statement() writes: anything that reads back differently is refused.
std::optional<Checkpoint> parse(const std::vector<std::string_view>& words) {
  if (words.size() != 5 || words[0] != kPrefix) return std::nullopt;
  Checkpoint checkpoint;
  const auto [end, error] =
      std::from_chars(words[1].data(), words[1].data() + words[1].size(), checkpoint.record_count);
  const auto time = parse_rfc3339(words[3]);
  if (error != std::errc() || !time) return std::nullopt;
  checkpoint.head = words[2];
  checkpoint.time = *time;
  const std::string again = statement(checkpoint);
  const auto size = static_cast<std::size_t>(words[3].data() + words[3].size() - words[0].data());
  if (again != std::string_view(words[0].data(), size)) return std::nullopt;
  return checkpoint;
}

std::string to_text(std::span<const std::uint8_t> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

Result<std::vector<Checkpoint>> read_checkpoints(const fs::path& file, const VerifyingKey& key) {
  std::vector<Checkpoint> all;
  auto content = read_file(file, kFileSizeMax);
  if (!content && content.error().code == ErrorCode::not_found) return all;
  if (!content) return std::move(content).error();
  std::string_view rest = *content;
  for (std::size_t number = 1;; ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return all;
    const std::vector<std::string_view> words = split(rest.substr(0, end), ' ');
    const std::string where = "checkpoint " + std::to_string(number);
    const auto checkpoint = parse(words);
    if (!checkpoint) return Error{ErrorCode::corrupt, where + " is not in its written form"};
    const auto signature = from_hex(words[4]);
    if (!signature || !key.verifies(statement(*checkpoint), to_text(*signature))) {
      return Error{ErrorCode::corrupt, where + " is not signed by this key"};
    }
    if (!all.empty() && checkpoint->record_count <= all.back().record_count) {
      return Error{ErrorCode::corrupt, where + " is not longer than the one before it"};
    }
    all.push_back(*checkpoint);
    rest.remove_prefix(end + 1);
  }
}

Status append_checkpoint(const fs::path& file, const SigningKey& key,
                         const Checkpoint& checkpoint) {
  const bool is_new = !fs::exists(file);
  const FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return errno_error("open", file);
  off_t end = ::lseek(fd.get(), 0, SEEK_END);
  for (char last = 0; end > 0; --end) {
    if (::pread(fd.get(), &last, 1, end - 1) != 1) return errno_error("read", file);
    if (last == '\n') break;
  }
  if (::ftruncate(fd.get(), end) != 0) return errno_error("truncate", file);
  const std::string said = statement(checkpoint);
  const std::string signature = key.sign(said);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(signature.data()), signature.size());
  const std::string line = said + " " + to_hex(bytes) + "\n";
  // A short write is an incomplete line, which the next append takes away.
  const ssize_t written = ::pwrite(fd.get(), line.data(), line.size(), end);
  if (written < 0) return errno_error("write", file);
  if (static_cast<std::size_t>(written) != line.size()) {
    return Error{ErrorCode::unavailable, "the disk is full: " + file.string()};
  }
  if (::fsync(fd.get()) != 0) return errno_error("fsync", file);
  if (is_new) return sync_directory(file.parent_path());
  return Done{};
}

}  // namespace wenyuan::audit
