#include "ingest/extract/clean.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include "base/assert.h"
#include "base/text.h"

namespace wenyuan::ingest {
namespace {

bool is_line_break(char32_t c) {
  return c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool is_space(char32_t c) {
  return c == ' ' || c == '\t' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

// Characters without a shape of their own. Text can be hidden in them from people, but not from a
// model.
bool is_invisible(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x034F || c == 0x061C ||
         (c >= 0x115F && c <= 0x1160) || (c >= 0x17B4 && c <= 0x17B5) ||
         (c >= 0x180B && c <= 0x180F) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0x3164 ||
         (c >= 0xFDD0 && c <= 0xFDEF) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
         c == 0xFFA0 || (c >= 0xFFF0 && c <= 0xFFFC) || (c & 0xFFFEU) == 0xFFFEU ||
         (c >= 0x1D173 && c <= 0x1D17A) || (c >= 0xE0000 && c <= 0xE0FFF);
}

// Forms that only fonts need: Latin ligatures and CJK radicals.
bool is_presentation_form(char32_t c) {
  return (c >= 0xFB00 && c <= 0xFB06) || (c >= 0x2E80 && c <= 0x2FDF);
}

const icu::Normalizer2* nfc() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFCInstance(status);
  WY_ASSERT(U_SUCCESS(status));
  return normalizer;
}

void append_compatible(std::string& text, char32_t c) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  WY_ASSERT(U_SUCCESS(status));
  icu::UnicodeString plain;
  if (nfkc->getDecomposition(static_cast<UChar32>(c), plain)) {
    plain.toUTF8String(text);
  } else {
    append_utf8(text, c);
  }
}

std::string normalized(std::string text) {
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  UErrorCode status = U_ZERO_ERROR;
  const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
  if (nfc()->isNormalizedUTF8(piece, status) && U_SUCCESS(status)) return text;
  status = U_ZERO_ERROR;
  nfc()->normalizeUTF8(0, piece, sink, nullptr, status);
  return U_SUCCESS(status) ? result : text;
}

// Text without invisible characters, whose white space is only ' ', '\t' and '\n'.
std::string visible(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool after_return = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const bool second_half = after_return && c == '\n';
    after_return = c == '\r';
    if (second_half) continue;
    if (is_line_break(c)) {
      result += '\n';
    } else if (c == '\t') {
      result += '\t';
    } else if (is_space(c)) {
      result += ' ';
    } else if (is_presentation_form(c)) {
      append_compatible(result, c);
    } else if (c == 0xF0B7) {
      result += "•";  // Symbol's bullet, from the private use area
    } else if (!is_invisible(c)) {
      append_utf8(result, c);
    }
  }
  return result;
}

std::string collapsed(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const char last = result.empty() ? '\0' : result.back();
    if (c == '\n') {
      if (last == ' ') result.pop_back();
      if (result.empty() || result.back() != '\n') result += '\n';
    } else if (c == ' ' || c == '\t') {
      if (last != ' ' && last != '\n') result += ' ';
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string clean(std::string_view text, Spaces spaces) {
  const std::string valid = is_utf8(text) ? std::string() : to_valid_utf8(text);
  std::string shown = visible(valid.empty() ? text : std::string_view(valid));
  if (spaces == Spaces::collapse) shown = collapsed(shown);
  return normalized(std::move(shown));
}

bool begins_own_character(std::string_view text) {
  if (text.empty() || !is_utf8(text)) return true;
  std::size_t at = 0;
  return nfc()->hasBoundaryBefore(static_cast<UChar32>(next_code_point(text, at)));
}

std::string clean_line(std::string_view text, std::size_t size_max) {
  std::string line = clean(text, Spaces::collapse);
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  line = trim(line);
  if (line.size() <= size_max) return line;
  std::size_t end = size_max;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  line.resize(end);
  return std::string(trim(line));
}

}  // namespace wenyuan::ingest
