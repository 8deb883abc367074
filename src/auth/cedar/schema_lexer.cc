#include "auth/cedar/schema_lexer.h"

#include <utility>
#include <variant>

#include "auth/cedar/literal.h"
#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::string_view kSigns = ",;:{}[]<>=?@()";

bool is_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_word_start(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<SchemaToken>> run() {
    std::vector<SchemaToken> tokens;
    for (;;) {
      skip_blanks();
      start_ = {line_, column_, {}};
      SchemaToken token;
      token.line = line_;
      token.column = column_;
      if (done()) {
        tokens.push_back(std::move(token));
        return tokens;
      }
      WY_RETURN_IF_ERROR(read(token));
      tokens.push_back(std::move(token));
    }
  }

 private:
  bool done() const { return at_ >= text_.size(); }
  char32_t peek() const {
    std::size_t at = at_;
    return next_code_point(text_, at);
  }
  bool next_is(std::string_view sign) const { return text_.substr(at_, sign.size()) == sign; }

  char32_t take() {
    const char32_t c = next_code_point(text_, at_);
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
    return c;
  }

  void skip_blanks() {
    while (!done()) {
      if (is_space(peek())) {
        take();
      } else if (next_is("//")) {
        while (!done() && peek() != '\n' && peek() != '\r') take();
      } else {
        return;
      }
    }
  }

  Status read(SchemaToken& token) {
    const char32_t first = peek();
    if (first == '"') return read_string(token);
    if (is_word_start(first)) {
      token.kind = SchemaTokenKind::word;
      while (!done() && (is_word_start(peek()) || is_digit(peek()))) {
        token.text.push_back(static_cast<char>(take()));
      }
      return Done{};
    }
    token.kind = SchemaTokenKind::sign;
    if (next_is("::")) {
      take();
      take();
      token.text = "::";
      return Done{};
    }
    if (first < 0x80 && kSigns.find(static_cast<char>(first)) != std::string_view::npos) {
      token.text.push_back(static_cast<char>(take()));
      return Done{};
    }
    std::string shown;
    append_utf8(shown, first);
    return schema_error(start_, "unexpected " + json_quoted(shown));
  }

  Status read_string(SchemaToken& token) {
    token.kind = SchemaTokenKind::string;
    take();
    const std::size_t begin = at_;
    while (!done() && peek() != '"') {
      if (take() == '\\' && !done()) take();
    }
    if (done()) return schema_error(start_, "this string has no closing quotation mark");
    std::variant<std::string, BadEscape> read = unescape(text_.substr(begin, at_ - begin));
    take();
    if (const auto* bad = std::get_if<BadEscape>(&read)) return schema_error(start_, bad->message);
    token.text = std::get<std::string>(std::move(read));
    return Done{};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
  SchemaPlace start_;
};

}  // namespace

Error schema_error(const SchemaPlace& place, std::string_view message) {
  std::string text;
  if (place.line == 0) {
    text.append(place.path.empty() ? "$" : place.path);
  } else {
    text.append("line ").append(std::to_string(place.line));
    text.append(", column ").append(std::to_string(place.column));
  }
  text.append(": ").append(message);
  return Error{ErrorCode::invalid_argument, std::move(text)};
}

Result<std::vector<SchemaToken>> schema_tokens(std::string_view text) {
  if (text.size() > kSchemaTextMax) {
    return Error{ErrorCode::too_large,
                 "a schema may have at most " + std::to_string(kSchemaTextMax) + " bytes"};
  }
  if (!is_utf8(text)) return Error{ErrorCode::invalid_argument, "the schema is not valid UTF-8"};
  return Lexer(text).run();
}

}  // namespace wenyuan::auth::cedar
