#include "ingest/extract/charset.h"

#include <uchardet/uchardet.h>
#include <unicode/ucnv.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kPreambleSize = 4096;
constexpr std::size_t kGuessSize = std::size_t{256} << 10;

Error not_text() {
  return Error{ErrorCode::unsupported_media, "the file is neither text nor a known document"};
}

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
struct CloseDetector {
  void operator()(uchardet* detector) const { uchardet_delete(detector); }
};

// GB2312 and GBK are parts of GB18030, and real files use more of it than they say. Likewise what
// calls itself ISO 8859-1 is Windows-1252 on the web.
std::string widened(std::string_view name) {
  const std::string lower = to_lower_ascii(trim(name));
  if (lower == "gb2312" || lower == "gbk" || lower == "x-gbk" || lower == "gb_2312-80") {
    return "gb18030";
  }
  if (lower == "iso-8859-1" || lower == "latin1" || lower == "ascii" || lower == "us-ascii") {
    return "windows-1252";
  }
  return lower;
}

std::optional<std::string> convert(std::string_view bytes, const std::string& charset) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, CloseConverter> from(ucnv_open(charset.c_str(), &status));
  const std::unique_ptr<UConverter, CloseConverter> to(ucnv_open("UTF-8", &status));
  if (U_FAILURE(status)) return std::nullopt;
  std::string text;
  char buffer[32 * 1024];
  UChar pivot[8 * 1024];
  UChar* pivot_read = pivot;
  UChar* pivot_write = pivot;
  const char* source = bytes.data();
  const char* const source_end = source + bytes.size();
  for (bool first = true;; first = false) {
    char* target = buffer;
    status = U_ZERO_ERROR;
    ucnv_convertEx(to.get(), from.get(), &target, buffer + sizeof buffer, &source, source_end,
                   pivot, &pivot_read, &pivot_write, pivot + std::size(pivot), first ? 1 : 0, 1,
                   &status);
    text.append(buffer, static_cast<std::size_t>(target - buffer));
    if (status == U_BUFFER_OVERFLOW_ERROR) continue;
    if (U_FAILURE(status)) return std::nullopt;
    return text;
  }
}

struct Mark {
  std::string_view bytes;
  const char* charset;
};
// UTF-32 first: its little-endian mark begins with UTF-16's.
constexpr Mark kMarks[] = {{std::string_view("\xFF\xFE\0\0", 4), "UTF-32LE"},
                           {std::string_view("\0\0\xFE\xFF", 4), "UTF-32BE"},
                           {"\xEF\xBB\xBF", "UTF-8"},
                           {"\xFF\xFE", "UTF-16LE"},
                           {"\xFE\xFF", "UTF-16BE"},
                           {"\x84\x31\x95\x33", "gb18030"}};

// UTF-16 without a mark shows by its zero bytes: nearly all on one side of each pair.
std::optional<std::string> guess_wide(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, kPreambleSize);
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0' ? 1 : 0;
  const std::size_t pairs = head.size() / 2;
  if (pairs < 2 || bytes.size() % 2 != 0) return std::nullopt;
  if (zeros[1] * 10 >= pairs * 7 && zeros[0] * 20 <= pairs) return "UTF-16LE";
  if (zeros[0] * 10 >= pairs * 7 && zeros[1] * 20 <= pairs) return "UTF-16BE";
  return std::nullopt;
}

std::string guess(std::string_view bytes) {
  const std::unique_ptr<uchardet, CloseDetector> detector(uchardet_new());
  const std::string_view head = bytes.substr(0, kGuessSize);
  if (!detector || uchardet_handle_data(detector.get(), head.data(), head.size()) != 0) return {};
  uchardet_data_end(detector.get());
  return uchardet_get_charset(detector.get());
}

// Text has few control characters and few characters that could not be read; one is forgiven.
bool looks_like_text(std::string_view text) {
  std::size_t count = 0;
  std::size_t odd = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const char32_t c = next_code_point(text, at);
    const bool control = c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1B;
    odd += control || c == 0xFFFD || (c >= 0x7F && c < 0xA0) ? 1 : 0;
  }
  return odd <= 1 || odd * 50 <= count;
}

Result<std::string> checked(std::string text) {
  if (!is_utf8(text)) text = to_valid_utf8(text);
  if (!looks_like_text(text)) return not_text();
  return text;
}

}  // namespace

Result<std::string> to_utf8(std::string_view bytes, std::string_view declared) {
  for (const Mark& mark : kMarks) {
    if (!bytes.starts_with(mark.bytes)) continue;
    auto text = convert(bytes.substr(mark.bytes.size()), mark.charset);
    if (!text) return not_text();
    return checked(*std::move(text));
  }
  if (const auto wide = guess_wide(bytes)) {
    if (auto text = convert(bytes, *wide)) return checked(*std::move(text));
  }
  if (std::find(bytes.begin(), bytes.end(), '\0') != bytes.end()) return not_text();
  const bool valid = is_utf8(bytes);
  const std::string named = widened(declared);
  // Valid UTF-8 with letters beyond ASCII is never anything else by chance.
  if (!valid && !named.empty() && named != "utf-8" && named != "utf8") {
    if (auto text = convert(bytes, named)) {
      if (auto good = checked(*std::move(text))) return good;
    }
  }
  if (valid) return checked(std::string(bytes));
  if (const std::string guessed = widened(guess(bytes)); !guessed.empty()) {
    if (auto text = convert(bytes, guessed)) return checked(*std::move(text));
  }
  return checked(to_valid_utf8(bytes));
}

std::string declared_charset(std::string_view bytes) {
  std::string head = to_lower_ascii(bytes.substr(0, kPreambleSize));
  for (const std::string_view key : {"charset=", "encoding="}) {
    const std::size_t found = head.find(key);
    if (found == std::string::npos) continue;
    std::size_t begin = found + key.size();
    while (begin < head.size() && (head[begin] == '"' || head[begin] == '\'' || head[begin] == ' '))
      ++begin;
    std::size_t end = begin;
    while (end < head.size() && end - begin < 40 &&
           (std::isalnum(static_cast<unsigned char>(head[end])) != 0 || head[end] == '-' ||
            head[end] == '_' || head[end] == ':')) {
      ++end;
    }
    if (end > begin) return head.substr(begin, end - begin);
  }
  return {};
}

}  // namespace wenyuan::ingest
