#include "backup/wal_reader.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/file_places.h"

namespace wenyuan::backup {
namespace {

constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kFrameHeadSize = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // with the last bit: checksums of big-endian words

std::uint32_t big(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint32_t little(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// As much as there is, up to `size` bytes.
Result<std::string> read_at(const FileDescriptor& fd, std::size_t size, std::size_t offset,
                            const std::filesystem::path& file) {
  std::string bytes(size, '\0');
  WY_TRY(const std::size_t done,
         wenyuan::read_at(fd.get(), static_cast<std::int64_t>(offset), bytes, file));
  bytes.resize(done);
  return bytes;
}

}  // namespace

void wal_checksum(std::string_view bytes, bool big_endian, std::uint32_t (&sum)[2]) {
  WY_ASSERT(bytes.size() % 8 == 0);
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    const char* const word = bytes.data() + at;
    sum[0] += (big_endian ? big(word) : little(word)) + sum[1];
    sum[1] += (big_endian ? big(word + 4) : little(word + 4)) + sum[0];
  }
}

Status WalReader::open(WalPosition& position) {
  const FileDescriptor fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", file_);
  WY_TRY(const std::string header, read_at(fd, kHeaderSize, 0, file_));
  if (header.size() < kHeaderSize) return Error{ErrorCode::corrupt, "the log has no header"};
  const std::uint32_t magic = big(header.data());
  std::uint32_t sum[2] = {0, 0};
  big_endian_ = (magic & 1U) != 0;
  wal_checksum(std::string_view(header).substr(0, kHeaderSize - 8), big_endian_, sum);
  page_size_ = big(header.data() + 8);
  if ((magic & ~1U) != kMagic || !is_page_size(page_size_) || sum[0] != big(header.data() + 24) ||
      sum[1] != big(header.data() + 28)) {
    return Error{ErrorCode::corrupt, "the log has a broken header"};
  }
  const std::uint32_t salt[2] = {big(header.data() + 16), big(header.data() + 20)};
  if (position.known && position.salt[0] == salt[0] && position.salt[1] == salt[1]) return Done{};
  position = {{salt[0], salt[1]}, {sum[0], sum[1]}, 0, true};
  return Done{};
}

Status WalReader::read(WalPosition& position, std::int64_t frames, CommittedPages& pages) const {
  const FileDescriptor fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", file_);
  const Error short_log{ErrorCode::corrupt, "the log does not hold what was committed"};
  if (frames <= position.frame) return short_log;
  const std::size_t whole = kFrameHeadSize + static_cast<std::size_t>(page_size_);
  const auto count = static_cast<std::size_t>(frames - position.frame);
  const auto begin = static_cast<std::size_t>(position.frame);
  WY_TRY(const std::string bytes, read_at(fd, count * whole, kHeaderSize + begin * whole, file_));
  if (bytes.size() != count * whole) return short_log;
  WalPosition next = position;
  pages.frames.clear();
  pages.frames.reserve(count * (whole - kFrameHeadSize + 4));
  for (std::size_t at = 0; at < bytes.size(); at += whole) {
    const std::string_view frame = std::string_view(bytes).substr(at, whole);
    if (big(frame.data() + 8) != next.salt[0] || big(frame.data() + 12) != next.salt[1]) {
      return short_log;
    }
    wal_checksum(frame.substr(0, 8), big_endian_, next.checksum);
    wal_checksum(frame.substr(kFrameHeadSize), big_endian_, next.checksum);
    if (next.checksum[0] != big(frame.data() + 16) || next.checksum[1] != big(frame.data() + 20)) {
      return short_log;
    }
    const std::uint32_t number = big(frame.data());
    pages.frames.append(reinterpret_cast<const char*>(&number), sizeof number);
    pages.frames += frame.substr(kFrameHeadSize);
    pages.page_count = big(frame.data() + 4);
  }
  if (pages.page_count == 0) return short_log;
  next.frame = frames;
  position = next;
  return Done{};
}

}  // namespace wenyuan::backup
