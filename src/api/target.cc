#include "api/target.h"

#include <optional>

#include "base/text.h"

namespace wenyuan::http {
namespace {

constexpr std::size_t kSegmentsMax = 32;
constexpr std::size_t kQueryValuesMax = 64;

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[at] != '%') {
      decoded += text[at];
    } else {
      if (at + 2 >= text.size()) return Error{ErrorCode::invalid_argument, "A % escape is cut off"};
      const auto high = hex_value(text[at + 1]);
      const auto low = hex_value(text[at + 2]);
      if (!high || !low) return Error{ErrorCode::invalid_argument, "A % escape is not hexadecimal"};
      decoded += static_cast<char>(*high * 16 + *low);
      at += 2;
    }
  }
  for (const char c : decoded) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return Error{ErrorCode::invalid_argument, "The address holds a control character"};
    }
  }
  if (!is_utf8(decoded)) return Error{ErrorCode::invalid_argument, "The address is not UTF-8"};
  return decoded;
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  text = text.substr(0, text.find('#'));
  const std::size_t question = text.find('?');
  Target target;
  target.path = std::string(text.substr(0, question));
  if (target.path.empty() || target.path[0] != '/') {
    return Error{ErrorCode::invalid_argument, "The address does not begin with /"};
  }
  for (const std::string_view part : split(std::string_view(target.path).substr(1), '/')) {
    if (target.segments.size() == kSegmentsMax) {
      return Error{ErrorCode::invalid_argument, "The address has too many parts"};
    }
    WY_TRY(std::string segment, decode(part, false));
    target.segments.push_back(std::move(segment));
  }
  if (question == std::string_view::npos) return target;
  for (const std::string_view pair : split(text.substr(question + 1), '&')) {
    if (pair.empty()) continue;
    if (target.query.size() == kQueryValuesMax) {
      return Error{ErrorCode::invalid_argument, "The query has too many values"};
    }
    const std::size_t equals = pair.find('=');
    WY_TRY(std::string key, decode(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      WY_TRY(value, decode(pair.substr(equals + 1), true));
    }
    target.query.emplace_back(std::move(key), std::move(value));
  }
  return target;
}

}  // namespace wenyuan::http
