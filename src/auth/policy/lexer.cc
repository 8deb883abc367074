#include "auth/policy/lexer.h"

#include <charconv>

#include "base/text.h"

namespace wenyuan::auth::policy {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c); }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> found;
    for (;;) {
      skip_space();
      WY_TRY(Token token, next());
      found.push_back(std::move(token));
      if (found.back().kind == TokenKind::end) return found;
    }
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_end() const { return at_ >= text_.size(); }

  // Over one code point.
  void advance() {
    if (text_[at_] == '\n') {
      ++position_.line;
      position_.column = 1;
      ++at_;
      return;
    }
    next_code_point(text_, at_);
    ++position_.column;
  }

  void skip_space() {
    while (!at_end()) {
      if (peek() == '/' && peek(1) == '/') {
        while (!at_end() && peek() != '\n') advance();
      } else if (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') {
        advance();
      } else {
        return;
      }
    }
  }

  Result<Token> next() {
    Token token;
    token.at = position_;
    if (at_end()) return token;
    const char c = peek();
    if (is_word_start(c)) return word(std::move(token));
    if (is_digit(c) || (c == '-' && is_digit(peek(1)))) return integer(std::move(token));
    if (c == '"') return quoted(std::move(token));
    return sign(std::move(token));
  }

  Result<Token> word(Token token) {
    token.kind = TokenKind::word;
    while (is_word(peek())) {
      token.text += peek();
      advance();
    }
    return token;
  }

  Result<Token> integer(Token token) {
    token.kind = TokenKind::integer;
    do {
      token.text += peek();
      advance();
    } while (is_digit(peek()));
    if (is_word_start(peek()) || peek() == '.') {
      return error_at(token.at, "expected a whole number such as 3");
    }
    const char* const end = token.text.data() + token.text.size();
    const auto [rest, problem] = std::from_chars(token.text.data(), end, token.number);
    if (problem != std::errc() || rest != end) {
      return error_at(token.at, "expected a whole number of at most 64 bits");
    }
    return token;
  }

  Result<Token> quoted(Token token) {
    token.kind = TokenKind::text;
    advance();
    while (!at_end() && peek() != '"') {
      if (peek() == '\n') break;
      if (peek() == '\\') {
        WY_RETURN_IF_ERROR(escape(token.text));
      } else {
        const std::size_t begin = at_;
        advance();
        token.text += text_.substr(begin, at_ - begin);
      }
    }
    if (peek() != '"' || at_end()) {
      return error_at(token.at, "expected a closing '\"' on the same line");
    }
    advance();
    return token;
  }

  Status escape(std::string& text) {
    const Position at = position_;
    advance();
    const char c = peek();
    if (!at_end()) advance();
    switch (c) {
      case '"': text += '"'; return Done{};
      case '\\': text += '\\'; return Done{};
      case 'n': text += '\n'; return Done{};
      case 'r': text += '\r'; return Done{};
      case 't': text += '\t'; return Done{};
      case 'u': return code_point(at, text);
      default: return error_at(at, R"(expected one of \" \\ \n \r \t \u{…})");
    }
  }

  // The rest of \u{1F600}.
  Status code_point(Position at, std::string& text) {
    const Error bad = error_at(at, R"(expected \u{…} with the hexadecimal number of a character)");
    if (peek() != '{') return bad;
    const std::size_t close = text_.find('}', at_);
    if (close == std::string_view::npos || close - at_ > 7) return bad;
    const std::string_view digits = text_.substr(at_ + 1, close - at_ - 1);
    std::uint32_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [rest, problem] = std::from_chars(digits.data(), end, value, 16);
    if (problem != std::errc() || rest != end) return bad;
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return bad;
    while (at_ <= close) advance();
    append_utf8(text, static_cast<char32_t>(value));
    return Done{};
  }

  Result<Token> sign(Token token) {
    static constexpr std::string_view kSigns[] = {"==", "!=", "<=", ">=", "<", ">",
                                                  "(",  ")",  "[",  "]",  ",", "."};
    for (const std::string_view candidate : kSigns) {
      if (text_.substr(at_, candidate.size()) != candidate) continue;
      token.kind = TokenKind::sign;
      token.text = candidate;
      for (std::size_t i = 0; i < candidate.size(); ++i) advance();
      return token;
    }
    // People who know other languages write these.
    static constexpr std::string_view kForeign[][2] = {
        {"=", "'=='"}, {"&&", "'and'"}, {"||", "'or'"}, {"!", "'not'"}, {"'", "'\"'"}};
    for (const auto& [foreign, ours] : kForeign) {
      if (text_.substr(at_, foreign.size()) == foreign) {
        return error_at(token.at, "expected " + std::string(ours) + " instead of \"" +
                                      std::string(foreign) + '"');
      }
    }
    return error_at(token.at, "found a character that has no meaning here");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Position position_;
};

}  // namespace

Error error_at(Position at, std::string_view message) {
  return {ErrorCode::invalid_argument, "line " + std::to_string(at.line) + ", column " +
                                           std::to_string(at.column) + ": " + std::string(message)};
}

Result<std::vector<Token>> tokens(std::string_view text) {
  if (text.size() > kTextSizeMax) {
    return Error{ErrorCode::invalid_argument, "the policy has more than 16384 bytes"};
  }
  if (!is_utf8(text)) return Error{ErrorCode::invalid_argument, "the policy is not UTF-8"};
  return Lexer(text).run();
}

}  // namespace wenyuan::auth::policy
