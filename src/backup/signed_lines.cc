#include "backup/signed_lines.h"

#include <algorithm>
#include <charconv>

#include "audit/base64.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace {

constexpr std::string_view kSignature = "signature ";

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_value(std::string_view value) {
  return is_utf8(value) && std::none_of(value.begin(), value.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

Error broken(const std::string& title, std::string_view why) {
  return Error{ErrorCode::corrupt, "this is not a " + title + ": " + std::string(why)};
}

}  // namespace

void SignedLines::add(std::string_view name, std::string_view value) {
  WY_ASSERT(is_name(name) && is_value(value));
  lines_.emplace_back(name, value);
}

std::string SignedLines::body() const {
  std::string text = title_ + "\n";
  for (const auto& [name, value] : lines_) {
    text += name;
    text += ' ';
    text += value;
    text += '\n';
  }
  return text;
}

std::string SignedLines::sign(const audit::SigningKey& key) const {
  std::string text = body();
  const std::string signature = audit::to_base64_text(key.sign(text));
  text += kSignature;
  text += signature;
  text += '\n';
  return text;
}

Result<SignedLines> SignedLines::parse(std::string_view text, const std::string& title) {
  if (text.size() > kLinesSizeMax) return broken(title, "it is too long");
  std::vector<std::string_view> rows = split(text, '\n');
  // What follows the last line's end is nothing.
  if (rows.size() < 3 || !rows.back().empty() || rows.front() != title) {
    return broken(title, "it begins or ends in another way");
  }
  rows.pop_back();
  if (!rows.back().starts_with(kSignature)) return broken(title, "it has no signature");
  SignedLines lines(title);
  for (std::size_t at = 1; at + 1 < rows.size(); ++at) {
    const std::size_t space = rows[at].find(' ');
    if (space == std::string_view::npos) return broken(title, "a line is broken");
    const std::string_view name = rows[at].substr(0, space);
    const std::string_view value = rows[at].substr(space + 1);
    if (!is_name(name) || name == "signature" || !is_value(value)) {
      return broken(title, "a line is broken");
    }
    lines.lines_.emplace_back(name, value);
  }
  return lines;
}

Result<SignedLines> SignedLines::open(std::string_view text, const std::string& title,
                                      const audit::VerifyingKey& key) {
  WY_TRY(SignedLines lines, parse(text, title));
  const std::string signed_text = lines.body();
  std::string_view rest = text.substr(signed_text.size() + kSignature.size());
  rest.remove_suffix(1);
  const auto signature = from_base64(rest);
  if (!signature || !key.verifies(signed_text, *signature)) {
    return broken(title, "it is not signed by this key, or was changed");
  }
  return lines;
}

Result<std::string> SignedLines::text(std::string_view name) {
  if (at_ >= lines_.size() || lines_[at_].first != name) {
    return broken(title_, "there is no " + std::string(name) + " in its place");
  }
  return lines_[at_++].second;
}

Result<std::int64_t> SignedLines::number(std::string_view name, std::int64_t min,
                                         std::int64_t max) {
  WY_TRY(const std::string value, text(name));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || std::to_string(number) != value || number < min || number > max) {
    return broken(title_, std::string(name) + " is not a number that can be");
  }
  return number;
}

std::vector<std::string> SignedLines::texts(std::string_view name) {
  std::vector<std::string> values;
  while (at_ < lines_.size() && lines_[at_].first == name) values.push_back(lines_[at_++].second);
  return values;
}

Status SignedLines::end() const {
  if (at_ == lines_.size()) return Done{};
  return broken(title_, "it has lines that nobody knows");
}

}  // namespace wenyuan::backup
