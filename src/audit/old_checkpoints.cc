#include "audit/old_checkpoints.h"

#include <charconv>
#include <optional>

#include "base/file.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kPrefix = "wenyuan-audit-checkpoint-1";
constexpr std::size_t kFileSizeMax = std::size_t{4} << 30;

// What is signed: the line up to its last space.
std::string statement(const OldCheckpoint& checkpoint) {
  return std::string(kPrefix) + " " + std::to_string(checkpoint.record_count) + " " +
         checkpoint.head + " " + rfc3339(checkpoint.time);
}

// Only what statement() writes: anything that reads back differently is refused.
std::optional<OldCheckpoint> parse(const std::vector<std::string_view>& words) {
  if (words.size() != 5 || words[0] != kPrefix) return std::nullopt;
  OldCheckpoint checkpoint;
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

Result<std::vector<OldCheckpoint>> read_old_checkpoints(const std::filesystem::path& file,
                                                        const VerifyingKey& key) {
  std::vector<OldCheckpoint> all;
  auto content = read_file(file, kFileSizeMax);
  if (!content && content.error().code == ErrorCode::not_found) return all;
  if (!content) return std::move(content).error();
  std::string_view rest = *content;
  for (std::size_t number = 1;; ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return all;
    const std::vector<std::string_view> words = split(rest.substr(0, end), ' ');
    const std::string where = "old checkpoint " + std::to_string(number);
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

}  // namespace wenyuan::audit
