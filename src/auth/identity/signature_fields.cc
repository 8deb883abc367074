#include "auth/identity/signature_fields.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/base64.h"

namespace wenyuan::auth {
namespace {

Error malformed(std::string what) {
  return {ErrorCode::invalid_argument, "the signature's fields: " + std::move(what)};
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A parser of RFC 8941 for what stands in these fields: keys, strings, integers, byte sequences.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_spaces(bool tabs) {
    while (!at_end() && (text_[at_] == ' ' || (tabs && text_[at_] == '\t'))) ++at_;
  }

  Result<std::string> key() {
    const std::size_t start = at_;
    if (at_end() || (!is_lower(text_[at_]) && text_[at_] != '*')) return malformed("a name");
    while (!at_end() && (is_lower(text_[at_]) || is_digit(text_[at_]) ||
                         std::string_view("_-.*").find(text_[at_]) != std::string_view::npos)) {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  Result<std::string> quoted() {
    std::string value;
    if (!take('"')) return malformed("a text in quotes is missing");
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '"') return value;
      if (c < 0x20 || c > 0x7E) break;
      if (c != '\\') {
        value += c;
        continue;
      }
      if (at_end() || (text_[at_] != '"' && text_[at_] != '\\')) break;
      value += text_[at_++];
    }
    return malformed("a text does not end");
  }

  Result<std::int64_t> integer() {
    const std::size_t start = at_;
    take('-');
    while (!at_end() && is_digit(text_[at_])) ++at_;
    const std::string_view digits = text_.substr(start, at_ - start);
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc() || end != digits.data() + digits.size() || digits.size() > 16) {
      return malformed("a number");
    }
    return value;
  }

  Result<std::string> bytes() {
    if (!take(':')) return malformed("bytes between colons are missing");
    const std::size_t end = text_.find(':', at_);
    if (end == std::string_view::npos) return malformed("bytes do not end");
    auto value = from_base64(text_.substr(at_, end - at_));
    if (!value) return malformed("bytes are not base64");
    at_ = end + 1;
    return *std::move(value);
  }

  // Between two members of a dictionary; false at the end.
  Result<bool> next_member() {
    skip_spaces(true);
    if (at_end()) return false;
    if (!take(',')) return malformed("a comma is missing");
    skip_spaces(true);
    if (at_end()) return malformed("it ends with a comma");
    return true;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string quoted_text(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  text += '"';
  return text;
}

bool is_component_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name.substr(name.front() == '@' ? 1 : 0), [](char c) {
    return is_lower(c) || is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

Result<CoveredComponent> read_component(FieldReader& reader, SignatureInput& input) {
  CoveredComponent component;
  WY_TRY(component.name, reader.quoted());
  if (!is_component_name(component.name)) return malformed("a component's name");
  input.text += quoted_text(component.name);
  while (reader.take(';')) {
    reader.skip_spaces(false);
    WY_TRY(const std::string parameter, reader.key());
    if (component.name != "@query-param" || parameter != "name" || component.query_name) {
      return malformed("the component's parameter " + parameter + " is not understood");
    }
    if (!reader.take('=')) return malformed("a parameter's value is missing");
    WY_TRY(component.query_name, reader.quoted());
    input.text += ";name=" + quoted_text(*component.query_name);
  }
  if (component.name == "@query-param" && !component.query_name) {
    return malformed("@query-param names no parameter");
  }
  return component;
}

Status read_components(FieldReader& reader, SignatureInput& input) {
  std::set<std::string> seen;
  if (!reader.take('(')) return malformed("a list is missing");
  input.text = "(";
  for (;;) {
    reader.skip_spaces(false);
    if (reader.take(')')) break;
    if (input.components.size() == kSignatureComponentsMax) return malformed("too many components");
    if (!input.components.empty()) input.text += ' ';
    WY_TRY(CoveredComponent component, read_component(reader, input));
    if (!seen.insert(component.name + '\n' + component.query_name.value_or("")).second) {
      return malformed("a component stands there twice");
    }
    input.components.push_back(std::move(component));
  }
  input.text += ')';
  return Done{};
}

Status read_parameter(FieldReader& reader, SignatureInput& input) {
  WY_TRY(const std::string name, reader.key());
  if (!reader.take('=')) return malformed("a parameter's value is missing");
  input.text += ";" + name + "=";
  if (name == "created" || name == "expires") {
    WY_TRY(const std::int64_t time, reader.integer());
    input.text += std::to_string(time);
    (name == "created" ? input.created : input.expires) = time;
    return Done{};
  }
  std::string* target = name == "keyid"   ? &input.key_id
                        : name == "nonce" ? &input.nonce
                        : name == "alg"   ? &input.algorithm
                        : name == "tag"   ? &input.tag
                                          : nullptr;
  if (target == nullptr) return malformed("the parameter " + name + " is not understood");
  WY_TRY(*target, reader.quoted());
  input.text += quoted_text(*target);
  return Done{};
}

Status read_parameters(FieldReader& reader, SignatureInput& input) {
  while (reader.take(';')) {
    reader.skip_spaces(false);
    const std::string before = input.text;
    WY_RETURN_IF_ERROR(read_parameter(reader, input));
    // What is there twice could be read in two ways.
    const std::string added = input.text.substr(before.size());
    if (before.find(added.substr(0, added.find('=') + 1), before.rfind(')')) != std::string::npos) {
      return malformed("a parameter stands there twice");
    }
  }
  return Done{};
}

}  // namespace

Result<std::vector<SignatureInput>> parse_signature_input(std::string_view field) {
  if (field.size() > kSignatureFieldSizeMax) return malformed("too long");
  FieldReader reader(field);
  reader.skip_spaces(false);
  std::vector<SignatureInput> all;
  for (bool more = !reader.at_end(); more;) {
    SignatureInput input;
    WY_TRY(input.label, reader.key());
    if (!reader.take('=')) return malformed("a list is missing");
    WY_RETURN_IF_ERROR(read_components(reader, input));
    WY_RETURN_IF_ERROR(read_parameters(reader, input));
    for (const SignatureInput& other : all) {
      if (other.label == input.label) return malformed("two signatures have one name");
    }
    all.push_back(std::move(input));
    WY_TRY(more, reader.next_member());
  }
  return all;
}

Result<std::map<std::string, std::string>> parse_byte_fields(std::string_view field) {
  if (field.size() > kSignatureFieldSizeMax) return malformed("too long");
  FieldReader reader(field);
  reader.skip_spaces(false);
  std::map<std::string, std::string> all;
  for (bool more = !reader.at_end(); more;) {
    WY_TRY(std::string name, reader.key());
    if (!reader.take('=')) return malformed("a value is missing");
    WY_TRY(std::string value, reader.bytes());
    if (!all.emplace(std::move(name), std::move(value)).second) return malformed("a name is twice");
    WY_TRY(more, reader.next_member());
  }
  return all;
}

}  // namespace wenyuan::auth
