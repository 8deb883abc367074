#include "backup/tar.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace wenyuan::backup {
namespace {

constexpr std::size_t kNameMax = 99;
constexpr std::size_t kSizeAt = 124, kSumAt = 148;

Error broken(std::string_view why) {
  return Error{ErrorCode::corrupt, "the archive is broken: " + std::string(why)};
}

void put(std::string& header, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
}

// `width` octal digits.
std::string octal(std::int64_t value, std::size_t width) {
  std::string digits(width, '0');
  for (std::size_t at = width; at > 0; --at, value /= 8) {
    digits[at - 1] = static_cast<char>('0' + value % 8);
  }
  return digits;
}

std::int64_t padded(std::int64_t size) {
  constexpr auto kBlock = static_cast<std::int64_t>(kTarBlock);
  return (size + kBlock - 1) / kBlock * kBlock;
}

}  // namespace

bool is_tar_name(std::string_view name) {
  if (name.empty() || name.size() > kNameMax) return false;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part.front() == '.') return false;
    const bool plain = std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '_' || c == '-';
    });
    if (!plain) return false;
  }
  return true;
}

std::string tar_header(std::string_view name, std::int64_t size) {
  WY_ASSERT(is_tar_name(name) && size >= 0 && size < kTarFileMax);
  std::string header(kTarBlock, '\0');
  put(header, 0, name);
  put(header, 100, "0000644");
  put(header, 108, "0000000");
  put(header, 116, "0000000");
  put(header, kSizeAt, octal(size, 11));
  put(header, 136, octal(0, 11));
  put(header, kSumAt, "        ");
  header[156] = '0';
  put(header, 257, "ustar");
  put(header, 263, "00");
  std::int64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, kSumAt, octal(sum, 6));
  header[kSumAt + 6] = '\0';
  return header;
}

std::string tar_padding(std::int64_t size) {
  return std::string(static_cast<std::size_t>(padded(size) - size), '\0');
}

std::string tar_end() { return std::string(2 * kTarBlock, '\0'); }

Result<std::optional<TarReader::Entry>> TarReader::end() {
  WY_TRY(const std::string rest, read_(at_, 2 * kTarBlock + 1));
  if (rest != tar_end()) return broken("it does not end as it should");
  return std::optional<Entry>();
}

Result<std::optional<TarReader::Entry>> TarReader::next() {
  WY_TRY(const std::string header, read_(at_, kTarBlock));
  if (header.size() != kTarBlock) return broken("it is cut off");
  if (header[0] == '\0') return end();
  Entry entry;
  entry.name = header.substr(0, std::min(header.find('\0'), kTarBlock));
  if (!is_tar_name(entry.name)) return broken("a file has a name that may not be");
  const char* const digits = header.data() + kSizeAt;
  const auto [rest, error] = std::from_chars(digits, digits + 11, entry.size, 8);
  if (error != std::errc() || rest != digits + 11 || entry.size < 0 || entry.size >= kTarFileMax ||
      header != tar_header(entry.name, entry.size)) {
    return broken("a file's header is not in its written form");
  }
  entry.offset = at_ + static_cast<std::int64_t>(kTarBlock);
  at_ = entry.offset + padded(entry.size);
  if (at_ > size_) return broken("it is cut off");
  const std::string padding = tar_padding(entry.size);
  WY_TRY(const std::string found, read_(entry.offset + entry.size, padding.size()));
  if (found != padding) return broken("something stands between two files");
  return std::optional(std::move(entry));
}

}  // namespace wenyuan::backup
