#include "base/text.h"

#include <cstdio>

#include "base/assert.h"

namespace wenyuan {
namespace {

constexpr std::size_t kIllFormed = 0;

// Length of the well-formed sequence at `at`, or kIllFormed. Unicode 15, table 3-7.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return kIllFormed;
  if (lead < 0xE0) return tail(1) ? 2 : kIllFormed;
  if (lead < 0xF0) {
    if (!tail(1) || !tail(2)) return kIllFormed;
    if (lead == 0xE0 && byte(1) < 0xA0) return kIllFormed;
    if (lead == 0xED && byte(1) > 0x9F) return kIllFormed;
    return 3;
  }
  if (lead > 0xF4 || !tail(1) || !tail(2) || !tail(3)) return kIllFormed;
  if (lead == 0xF0 && byte(1) < 0x90) return kIllFormed;
  if (lead == 0xF4 && byte(1) > 0x8F) return kIllFormed;
  return 4;
}

std::string base64(std::span<const std::uint8_t> bytes, const char* alphabet, bool pad) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    const std::uint32_t group = (std::uint32_t{bytes[at]} << 16) |
                                (left > 1 ? std::uint32_t{bytes[at + 1]} << 8 : 0U) |
                                (left > 2 ? std::uint32_t{bytes[at + 2]} : 0U);
    for (std::size_t i = 0; i < 4; ++i) {
      if (i <= left) {
        text += alphabet[(group >> (18 - 6 * i)) & 63U];
      } else if (pad) {
        text += '=';
      }
    }
  }
  return text;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (length == kIllFormed) return false;
    at += length;
  }
  return true;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = sequence_length(bytes, at);
    if (length == kIllFormed) {
      text += "\xEF\xBF\xBD";
      ++at;
    } else {
      text += bytes.substr(at, length);
      at += length;
    }
  }
  return text;
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
  WY_ASSERT(at < text.size());
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned lead = byte(0);
  char32_t value = lead;
  std::size_t length = 1;
  if (lead >= 0xF0) {
    value =
        ((lead & 7U) << 18) | ((byte(1) & 63U) << 12) | ((byte(2) & 63U) << 6) | (byte(3) & 63U);
    length = 4;
  } else if (lead >= 0xE0) {
    value = ((lead & 15U) << 12) | ((byte(1) & 63U) << 6) | (byte(2) & 63U);
    length = 3;
  } else if (lead >= 0xC0) {
    value = ((lead & 31U) << 6) | (byte(1) & 63U);
    length = 2;
  }
  at += length;
  if (at > text.size()) at = text.size();
  return value;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto push = [&](char32_t value) { text += static_cast<char>(value); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0U | (code_point >> 6));
    push(0x80U | (code_point & 63U));
  } else if (code_point < 0x10000) {
    push(0xE0U | (code_point >> 12));
    push(0x80U | ((code_point >> 6) & 63U));
    push(0x80U | (code_point & 63U));
  } else {
    push(0xF0U | (code_point >> 18));
    push(0x80U | ((code_point >> 12) & 63U));
    push(0x80U | ((code_point >> 6) & 63U));
    push(0x80U | (code_point & 63U));
  }
}

std::size_t code_point_count(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

std::size_t byte_offset(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U && count-- == 0) break;
  }
  return at;
}

bool is_cjk(char32_t c) {
  return (c >= 0x2E80 && c <= 0x303F) || (c >= 0x3040 && c <= 0x30FF) ||
         (c >= 0x3100 && c <= 0x31FF) || (c >= 0x3200 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE4F) ||
         (c >= 0xFF00 && c <= 0xFFEF) || (c >= 0x20000 && c <= 0x3FFFF);
}

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  const std::string valid = is_utf8(text) ? std::string() : to_valid_utf8(text);
  for (const char c : valid.empty() ? text : std::string_view(valid)) {
    switch (c) {
      case '"': quoted += "\\\""; break;
      case '\\': quoted += "\\\\"; break;
      case '\n': quoted += "\\n"; break;
      case '\r': quoted += "\\r"; break;
      case '\t': quoted += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
          quoted += escape;
        } else {
          quoted += c;
        }
    }
  }
  quoted += '"';
  return quoted;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return bytes;
}

std::string to_base64(std::span<const std::uint8_t> bytes) {
  return base64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

std::string to_base64url(std::span<const std::uint8_t> bytes) {
  return base64(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string to_lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace wenyuan
