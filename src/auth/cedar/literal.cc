#include "auth/cedar/literal.h"

#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads one character after another, escapes decoded.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  const std::optional<BadEscape>& problem() const { return problem_; }
  // Whether the last character was a star written as \\*.
  bool is_escaped_star() const { return escaped_star_; }

  char32_t next(bool star_is_escape) {
    start_ = at_;
    escaped_star_ = false;
    if (text_[at_] == '\\') return escape(star_is_escape);
    const char32_t c = next_code_point(text_, at_);
    if (c == U'\r') return fail("a carriage return must be written as \\r");
    return c;
  }

 private:
  char32_t fail(std::string message) {
    problem_ = BadEscape{start_, std::move(message)};
    at_ = text_.size();
    return 0;
  }

  char32_t escape(bool star_is_escape) {
    ++at_;
    if (at_end()) return fail("a backslash ends the text");
    const char c = text_[at_++];
    switch (c) {
      case 'n': return U'\n';
      case 'r': return U'\r';
      case 't': return U'\t';
      case '0': return U'\0';
      case '\\': return U'\\';
      case '\'': return U'\'';
      case '"': return U'"';
      case 'x': return byte();
      case 'u': return code_point();
      case '*':
        escaped_star_ = star_is_escape;
        if (star_is_escape) return U'*';
        return fail("\\* is an escape only in the pattern of `like`");
      default: return fail("an escape is one of \\n \\r \\t \\\\ \\0 \\' \\\" \\x41 \\u{6587}");
    }
  }

  char32_t byte() {
    const int high = at_ < text_.size() ? hex_digit(text_[at_]) : -1;
    const int low = at_ + 1 < text_.size() ? hex_digit(text_[at_ + 1]) : -1;
    if (high < 0 || low < 0 || high > 7) {
      return fail("\\x wants two hexadecimal digits, at most 7F");
    }
    at_ += 2;
    return static_cast<char32_t>(high * 16 + low);
  }

  char32_t code_point() {
    constexpr int kDigitsMax = 6;
    if (at_end() || text_[at_] != '{') return fail("\\u wants braces, such as \\u{6587}");
    ++at_;
    char32_t value = 0;
    int digits = 0;
    for (; !at_end() && text_[at_] != '}'; ++at_) {
      if (text_[at_] == '_' && digits > 0) continue;
      const int digit = hex_digit(text_[at_]);
      if (digit < 0) return fail("\\u{…} wants hexadecimal digits");
      if (++digits > kDigitsMax) return fail("\\u{…} has at most six digits");
      value = value * 16 + static_cast<char32_t>(digit);
    }
    if (at_end()) return fail("\\u{ has no closing brace");
    ++at_;
    if (digits == 0) return fail("\\u{} is empty");
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      return fail("\\u{…} is not a Unicode character");
    }
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  bool escaped_star_ = false;
  std::optional<BadEscape> problem_;
};

struct Range {
  char32_t first, last;
};

// Controls, soft hyphen, invisible and bidirectional marks, line separators, the byte order mark.
constexpr std::array<Range, 10> kUnseen = {{{0x00, 0x1F},
                                            {0x7F, 0x9F},
                                            {0xAD, 0xAD},
                                            {0x061C, 0x061C},
                                            {0x200B, 0x200F},
                                            {0x2028, 0x202E},
                                            {0x2060, 0x206F},
                                            {0xFEFF, 0xFEFF},
                                            {0xFFF9, 0xFFFB},
                                            {0xE0000, 0xE0FFF}}};

bool is_unseen(char32_t c) {
  for (const Range& range : kUnseen) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

void append_unicode_escape(std::string& out, char32_t c) {
  out += "\\u{";
  bool leading = true;
  for (int shift = 20; shift >= 0; shift -= 4) {
    const std::uint32_t digit = (static_cast<std::uint32_t>(c) >> shift) & 0xF;
    leading = leading && digit == 0 && shift > 0;
    if (!leading) out += "0123456789abcdef"[digit];
  }
  out += '}';
}

void append_escaped(std::string& out, std::string_view text, bool is_pattern) {
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    switch (c) {
      case U'"': out += "\\\""; break;
      case U'\\': out += "\\\\"; break;
      case U'\n': out += "\\n"; break;
      case U'\r': out += "\\r"; break;
      case U'\t': out += "\\t"; break;
      case U'\0': out += "\\0"; break;
      default:
        if (c == U'*' && is_pattern) out += '\\';
        if (is_unseen(c)) {
          append_unicode_escape(out, c);
        } else {
          append_utf8(out, c);
        }
    }
  }
}

}  // namespace

std::variant<std::string, BadEscape> unescape(std::string_view inside) {
  std::string text;
  Reader reader(inside);
  while (!reader.at_end()) {
    const char32_t c = reader.next(false);
    if (reader.problem()) return *reader.problem();
    append_utf8(text, c);
  }
  return text;
}

std::variant<Pattern, BadEscape> unescape_pattern(std::string_view inside) {
  Pattern pattern;
  pattern.pieces.emplace_back();
  Reader reader(inside);
  while (!reader.at_end()) {
    const char32_t c = reader.next(true);
    if (reader.problem()) return *reader.problem();
    // A star written as \x2a or \u{2a} is a wildcard too, as in Cedar.
    if (c == U'*' && !reader.is_escaped_star()) {
      pattern.pieces.emplace_back();
    } else {
      append_utf8(pattern.pieces.back(), c);
    }
  }
  return pattern;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, text, false);
  out += '"';
  return out;
}

std::string quoted(const Pattern& pattern) {
  std::string out = "\"";
  for (std::size_t i = 0; i < pattern.pieces.size(); ++i) {
    if (i > 0) out += '*';
    append_escaped(out, pattern.pieces[i], true);
  }
  out += '"';
  return out;
}

}  // namespace wenyuan::auth::cedar
