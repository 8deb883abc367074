#include "base/attributes.h"

#include <charconv>
#include <optional>

#include "base/text.h"

namespace wenyuan {
namespace {

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kAttributeNameSizeMax) return false;
  if (name[0] < 'a' || name[0] > 'z') return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

bool is_text(std::string_view text) {
  return text.size() <= kAttributeTextSizeMax && is_utf8(text);
}

std::string encode(const AttributeValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return json_quoted(*text);
  std::string list = "[";
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    list += (list.size() > 1 ? "," : "") + json_quoted(item);
  }
  return list + "]";
}

// Reads the canonical form only; it is our own output, so anything else is corruption.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool at_end() const { return at_ == text_.size(); }

  std::optional<std::string> quoted() {
    if (!accept('"')) return std::nullopt;
    std::string value;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return value;
      if (c != '\\') {
        value += c;
      } else if (!escape(value)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::optional<AttributeValue> value() {
    if (accept("true")) return true;
    if (accept("false")) return false;
    if (accept('[')) return list();
    if (at_ < text_.size() && text_[at_] == '"') {
      if (auto text = quoted()) return AttributeValue(std::move(*text));
      return std::nullopt;
    }
    std::int64_t number = 0;
    const char* const end = text_.data() + text_.size();
    const auto [rest, error] = std::from_chars(text_.data() + at_, end, number);
    if (error != std::errc()) return std::nullopt;
    at_ = static_cast<std::size_t>(rest - text_.data());
    return number;
  }

 private:
  bool escape(std::string& value) {
    if (at_ >= text_.size()) return false;
    switch (text_[at_++]) {
      case '"': value += '"'; return true;
      case '\\': value += '\\'; return true;
      case 'n': value += '\n'; return true;
      case 'r': value += '\r'; return true;
      case 't': value += '\t'; return true;
      case 'u': {
        const auto bytes = from_hex(text_.substr(at_, 4));
        if (!bytes || bytes->size() != 2) return false;
        at_ += 4;
        append_utf8(value, static_cast<char32_t>((*bytes)[0] * 256U + (*bytes)[1]));
        return true;
      }
      default: return false;
    }
  }

  std::optional<AttributeValue> list() {
    std::vector<std::string> items;
    if (accept(']')) return items;
    do {
      auto item = quoted();
      if (!item) return std::nullopt;
      items.push_back(std::move(*item));
    } while (accept(','));
    if (!accept(']')) return std::nullopt;
    return items;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Status check_attributes(const Attributes& attributes) {
  if (attributes.size() > kAttributeCountMax) {
    return Error{ErrorCode::invalid_argument, "more than 64 attributes"};
  }
  for (const auto& [name, value] : attributes) {
    if (!is_name(name)) {
      return Error{ErrorCode::invalid_argument,
                   "an attribute's name is 1 to 64 characters of a-z, 0-9 and _, and begins with a "
                   "letter"};
    }
    bool good = true;
    if (const auto* text = std::get_if<std::string>(&value)) good = is_text(*text);
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
      good = list->size() <= kAttributeCountMax;
      for (const std::string& item : *list) good = good && is_text(item);
    }
    if (!good) {
      return Error{ErrorCode::invalid_argument,
                   "attribute " + name +
                       " has text over 1024 bytes or that is not UTF-8, or over "
                       "64 items"};
    }
  }
  return Done{};
}

std::string encode_attributes(const Attributes& attributes) {
  std::string text = "{";
  for (const auto& [name, value] : attributes) {
    text += (text.size() > 1 ? "," : "") + json_quoted(name) + ":" + encode(value);
  }
  return text + "}";
}

Result<Attributes> decode_attributes(std::string_view text) {
  const Error broken{ErrorCode::corrupt, "attributes are not in their stored form"};
  Reader reader(text);
  Attributes attributes;
  if (!reader.accept('{')) return broken;
  if (reader.accept('}')) {
    if (!reader.at_end()) return broken;
    return attributes;
  }
  do {
    auto name = reader.quoted();
    if (!name || !reader.accept(':')) return broken;
    auto value = reader.value();
    if (!value) return broken;
    attributes.emplace(std::move(*name), std::move(*value));
  } while (reader.accept(','));
  if (!reader.accept('}') || !reader.at_end()) return broken;
  // Twice the same name, another order, another escape, bytes that are not UTF-8: all of it reads,
  // and none of it is what was stored.
  if (encode_attributes(attributes) != text) return broken;
  return attributes;
}

}  // namespace wenyuan
