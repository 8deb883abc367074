#include "auth/cedar/token_reader.h"

#include <variant>

#include "auth/cedar/literal.h"
#include "auth/cedar/name.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::size_t kFoundMax = 40;

std::string found(const Token& token) {
  if (token.kind == TokenKind::end) return "the end of the text";
  if (token.kind == TokenKind::invalid) return std::string(token.text);
  std::string_view shown = token.text;
  const bool is_long = shown.size() > kFoundMax;
  if (is_long) {
    std::size_t size = kFoundMax;
    while ((static_cast<unsigned char>(shown[size]) & 0xC0U) == 0x80U) --size;
    shown = shown.substr(0, size);
  }
  std::string text = "`";
  text += shown;
  if (is_long) text += "…";
  text += '`';
  return text;
}

// What stands between the quotes.
std::string_view inside(const Token& token) { return token.text.substr(1, token.text.size() - 2); }

}  // namespace

Token TokenReader::take() {
  taken_end_ = current_.span.end;
  return std::exchange(current_, lexer_.next());
}

bool TokenReader::take_sign(std::string_view sign) {
  if (!is_sign(sign)) return false;
  take();
  return true;
}

bool TokenReader::take_word(std::string_view word) {
  if (!is_word(word)) return false;
  take();
  return true;
}

Status TokenReader::expect_sign(std::string_view sign) {
  if (take_sign(sign)) return Done{};
  std::string what = "`";
  what += sign;
  what += '`';
  return expected(what);
}

Result<std::string> TokenReader::expect_identifier(std::string_view what) {
  if (current_.kind != TokenKind::word) return expected(what);
  if (is_reserved(current_.text)) {
    std::string message = "expected ";
    message += what;
    message += ", found `";
    message += current_.text;
    message += "`, which is a reserved word";
    return error_at(current_.span, message);
  }
  return std::string(take().text);
}

Result<std::string> TokenReader::expect_string(std::string_view what) {
  if (current_.kind != TokenKind::string) return expected(what);
  const Token token = take();
  auto text = unescape(inside(token));
  if (const auto* problem = std::get_if<BadEscape>(&text)) {
    return bad_escape(token, problem->at, problem->message);
  }
  return std::get<std::string>(std::move(text));
}

Result<Pattern> TokenReader::expect_pattern() {
  if (current_.kind != TokenKind::string) return expected("a pattern in quotes");
  const Token token = take();
  auto pattern = unescape_pattern(inside(token));
  if (const auto* problem = std::get_if<BadEscape>(&pattern)) {
    return bad_escape(token, problem->at, problem->message);
  }
  return std::get<Pattern>(std::move(pattern));
}

Error TokenReader::bad_escape(const Token& token, std::size_t inside_at,
                              std::string_view message) const {
  return error_at(moved(token.span, token.text, 1 + inside_at), message);
}

Error TokenReader::expected(std::string_view what) const {
  std::string message = "expected ";
  message += what;
  message += ", found ";
  message += found(current_);
  return error_at(current_.span, message);
}

Error TokenReader::error_at(const Span& span, std::string_view message) const {
  std::string text = at(span);
  text += message;
  return {ErrorCode::invalid_argument, std::move(text)};
}

}  // namespace wenyuan::auth::cedar
