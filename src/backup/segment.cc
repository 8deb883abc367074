#include "backup/segment.h"

#include <bit>
#include <charconv>

#include "backup/manifest.h"
#include "backup/signed_lines.h"
#include "base/bytes.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace {

constexpr const char* kTitle = "wenyuan backup segment 1";
constexpr std::int64_t kNumberMax = std::int64_t{1} << 62;
// Commit, time, pages of the database, frames.
constexpr std::size_t kPrefixSize = 8 + 8 + 4 + 4;

Error broken(std::string_view why) {
  return Error{ErrorCode::corrupt, "a segment of the backup is broken: " + std::string(why)};
}

std::string head_text(const SegmentHead& head, const audit::SigningKey& key) {
  SignedLines lines(kTitle);
  lines.add("store", head.store_id);
  lines.add("generation", head.generation);
  lines.add("number", head.number);
  lines.add("previous", head.previous);
  lines.add("page_size", head.page_size);
  lines.add("transactions", head.transaction_count);
  lines.add("last_commit", head.last_commit);
  lines.add("first_time", head.first_time);
  lines.add("last_time", head.last_time);
  lines.add("size", head.payload_size);
  lines.add("sha256", head.payload_sha256);
  for (const Original& each : head.originals) lines.add("original", original_line(each));
  return lines.sign(key);
}

Result<SegmentHead> read_head(SignedLines lines) {
  SegmentHead head;
  WY_TRY(head.store_id, lines.text("store"));
  WY_TRY(head.generation, lines.text("generation"));
  if (!is_generation(head.generation)) return broken("its generation");
  WY_TRY(head.number, lines.number("number", 1, kNumberMax));
  WY_TRY(head.previous, lines.text("previous"));
  WY_TRY(head.page_size, lines.number("page_size", 512, 65'536));
  WY_TRY(head.transaction_count, lines.number("transactions", 1, kNumberMax));
  WY_TRY(head.last_commit, lines.number("last_commit", 0, kNumberMax));
  WY_TRY(head.first_time, lines.number("first_time", 0, kNumberMax));
  WY_TRY(head.last_time, lines.number("last_time", head.first_time, kNumberMax));
  WY_TRY(head.payload_size, lines.number("size", 1, kNumberMax));
  WY_TRY(head.payload_sha256, lines.text("sha256"));
  for (const std::string& line : lines.texts("original")) {
    WY_TRY(Original original, parse_original(line));
    head.originals.push_back(std::move(original));
  }
  WY_RETURN_IF_ERROR(lines.end());
  if (!is_page_size(head.page_size)) return broken("its page size");
  if (!is_sha256(head.previous) || !is_sha256(head.payload_sha256)) return broken("its hashes");
  return head;
}

}  // namespace

std::string original_line(const Original& original) {
  std::string line = original.name;
  line += ' ';
  line += original.sha256;
  line += ' ';
  line += std::to_string(original.size);
  return line;
}

Result<Original> parse_original(std::string_view line) {
  const std::vector<std::string_view> parts = split(line, ' ');
  Original original;
  const auto bad = [] { return broken("the line of an original"); };
  if (parts.size() != 3 || !is_sha256(parts[0]) || !is_sha256(parts[1])) return bad();
  const char* const end = parts[2].data() + parts[2].size();
  const auto [rest, error] = std::from_chars(parts[2].data(), end, original.size);
  if (error != std::errc() || rest != end || original.size < 0) return bad();
  original.name = parts[0];
  original.sha256 = parts[1];
  return original;
}

Result<SegmentHead> parse_segment_head(std::string_view text) {
  WY_TRY(SignedLines lines, SignedLines::parse(text, kTitle));
  return read_head(std::move(lines));
}

bool is_page_size(std::int64_t size) {
  return size >= 512 && size <= 65'536 && std::has_single_bit(static_cast<std::uint64_t>(size));
}

EncodedSegment encode_segment(SegmentHead head, const std::vector<CommittedPages>& transactions,
                              const audit::SigningKey& key) {
  WY_ASSERT(!transactions.empty());
  const auto frame_size = static_cast<std::size_t>(head.page_size) + 4;
  std::string payload;
  for (const CommittedPages& each : transactions) {
    WY_ASSERT(each.frames.size() % frame_size == 0);
    ByteWriter prefix;
    prefix.put(each.commit);
    prefix.put(each.time);
    prefix.put(each.page_count);
    prefix.put(static_cast<std::uint32_t>(each.frames.size() / frame_size));
    payload += prefix.take();
    payload += each.frames;
  }
  head.transaction_count = static_cast<std::int64_t>(transactions.size());
  head.last_commit = transactions.back().commit;
  head.first_time = transactions.front().time;
  head.last_time = transactions.back().time;
  head.payload_size = static_cast<std::int64_t>(payload.size());
  head.payload_sha256 = sha256_of(payload);
  EncodedSegment made;
  made.bytes = head_text(head, key);
  made.head_sha256 = sha256_of(made.bytes);
  made.bytes += '\0';
  made.bytes += payload;
  made.head = std::move(head);
  return made;
}

Result<Segment> Segment::parse(std::string_view bytes) {
  const std::size_t gap = bytes.substr(0, kLinesSizeMax).find('\0');
  if (gap == std::string_view::npos) return broken("it has no end of its head");
  WY_TRY(SegmentHead head, parse_segment_head(bytes.substr(0, gap)));
  const std::string_view payload = bytes.substr(gap + 1);
  if (static_cast<std::int64_t>(payload.size()) != head.payload_size) {
    return broken("it has another size than its head says");
  }
  if (sha256_of(payload) != head.payload_sha256) return broken("its content was changed");
  return Segment(std::move(head), sha256_of(bytes.substr(0, gap)), payload);
}

Result<Segment> Segment::open(std::string_view bytes, const audit::VerifyingKey& key) {
  WY_TRY(Segment segment, parse(bytes));
  const std::size_t gap = bytes.find('\0');
  WY_RETURN_IF_ERROR(SignedLines::open(bytes.substr(0, gap), kTitle, key));
  return segment;
}

Result<std::optional<Segment::Pages>> Segment::next() {
  if (rest_.empty()) {
    if (taken_ != head_.transaction_count) return broken("transactions are missing");
    return std::optional<Pages>();
  }
  ByteReader reader(rest_.substr(0, kPrefixSize));
  Pages pages;
  const auto commit = reader.number<CommitNumber>();
  const auto time = reader.number<UnixMillis>();
  const auto page_count = reader.number<std::uint32_t>();
  const auto frames = reader.number<std::uint32_t>();
  if (!commit || !time || !page_count || !frames) return broken("a transaction is cut off");
  rest_.remove_prefix(kPrefixSize);
  const std::size_t frame_size = static_cast<std::size_t>(head_.page_size) + 4;
  if (*frames > rest_.size() / frame_size) return broken("a transaction is cut off");
  pages = {*commit, *time, *page_count, rest_.substr(0, *frames * frame_size)};
  rest_.remove_prefix(pages.frames.size());
  taken_ += 1;
  return std::optional(pages);
}

}  // namespace wenyuan::backup
