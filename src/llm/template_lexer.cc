#include "llm/template_lexer.h"

#include <charconv>

#include "base/text.h"
#include "llm/template_escapes.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kWordsMax = 100'000;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Line breaks are \n, whatever the file says; one at the end is dropped.
std::string with_plain_newlines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t at = 0; at < source.size(); ++at) {
    if (source[at] == '\r') {
      text += '\n';
      if (source.substr(at + 1, 1) == "\n") ++at;
    } else {
      text += source[at];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_plain_newlines(source)) {}

  Result<std::vector<TemplateWord>> run() {
    while (at_ < source_.size()) {
      WY_RETURN_IF_ERROR(read_text());
      if (words_.size() > kWordsMax) return template_error(line_, "the template is too long");
    }
    push(WordKind::end, "");
    return std::move(words_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(at_); }

  void skip(std::size_t size) {
    for (const char c : rest().substr(0, size)) line_ += c == '\n' ? 1 : 0;
    at_ += size;
  }
  void skip_spaces() {
    std::size_t size = 0;
    while (size < rest().size() && is_space(rest()[size])) ++size;
    skip(size);
  }
  void push(WordKind kind, std::string text) {
    words_.push_back({kind, std::move(text), line_, 0, 0});
  }

  // The text up to the next tag, and what the tag does to the white space before it.
  Status read_text() {
    std::size_t tag = at_;
    for (;; ++tag) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        push_text(rest());
        skip(rest().size());
        return Done{};
      }
      const char kind = source_[tag + 1];
      if (kind == '{' || kind == '%' || kind == '#') break;
    }
    std::string_view text = rest().substr(0, tag - at_);
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
    const bool has_sign = sign == '-' || sign == '+';
    if (sign == '-') {
      while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    } else if (sign != '+' && kind != '{') {
      text = without_indent(text);
    }
    push_text(text);
    skip(tag - at_ + 2 + (has_sign ? 1 : 0));
    if (kind == '#') return skip_comment();
    if (kind == '%' && is_raw()) return read_raw();
    push(kind == '%' ? WordKind::tag_begin : WordKind::output_begin, "");
    return read_tag(kind == '%');
  }

  // Blanks between the beginning of the line and a tag are dropped.
  std::string_view without_indent(std::string_view text) const {
    const std::size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos && !at_line_start_) return text;
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    for (const char c : text.substr(begin)) {
      if (!is_space(c)) return text;
    }
    return text.substr(0, begin);
  }

  void push_text(std::string_view text) {
    if (!text.empty()) push(WordKind::text, std::string(text));
  }

  // Behind a tag of statements: one newline is dropped, or all white space after "-%}".
  void end_tag(std::string_view close, std::size_t size) {
    const char sign = rest()[0];
    skip(size);
    at_line_start_ = false;
    if (sign == '-') {
      const std::size_t before = at_;
      skip_spaces();
      at_line_start_ = at_ > before && source_[at_ - 1] == '\n';
    } else if (sign != '+' && close != "}}" && rest().starts_with('\n')) {
      skip(1);
      at_line_start_ = true;
    }
  }

  Status skip_comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) return template_error(line_, "a comment has no end");
    const bool signed_end = end > at_ && (source_[end - 1] == '-' || source_[end - 1] == '+');
    skip(end - at_ - (signed_end ? 1 : 0));
    end_tag("#}", signed_end ? 3 : 2);
    return Done{};
  }

  // At a tag's end, its size with the sign; else 0.
  std::size_t end_size(std::string_view close) const {
    if (rest().starts_with(close)) return close.size();
    const bool minus = rest().starts_with('-');
    const bool plus = rest().starts_with('+') && close == "%}";
    return (minus || plus) && rest().substr(1).starts_with(close) ? close.size() + 1 : 0;
  }

  bool is_raw() {
    const std::size_t at = at_;
    const int line = line_;
    skip_spaces();
    const bool named = rest().starts_with("raw");
    if (named) skip(3);
    skip_spaces();
    if (named && end_size("%}") > 0) return true;
    at_ = at;
    line_ = line;
    return false;
  }

  Status read_raw() {
    const bool strips = rest().starts_with('-');
    skip(end_size("%}"));
    at_line_start_ = false;
    if (strips) skip_spaces();
    const int line = line_;
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      std::size_t name = tag + 2;
      const bool minus = name < source_.size() && source_[name] == '-';
      if (minus || source_.compare(name, 1, "+") == 0) ++name;
      while (name < source_.size() && is_space(source_[name])) ++name;
      if (source_.compare(name, 6, "endraw") != 0) continue;
      std::string_view text = rest().substr(0, tag - at_);
      while (minus && !text.empty() && is_space(text.back())) text.remove_suffix(1);
      push_text(minus ? text : without_indent(text));
      skip(name + 6 - at_);
      skip_spaces();
      const std::size_t size = end_size("%}");
      if (size == 0) return template_error(line_, "the tag of endraw has no end");
      end_tag("%}", size);
      return Done{};
    }
    return template_error(line, "raw has no endraw");
  }

  Status read_tag(bool statement) {
    const std::string_view close = statement ? "%}" : "}}";
    int brackets = 0;  // inside a dict, "}}" is no end
    for (;;) {
      skip_spaces();
      if (rest().empty()) return template_error(line_, "a tag has no end");
      if (const std::size_t size = brackets == 0 ? end_size(close) : 0; size > 0) {
        push(statement ? WordKind::tag_end : WordKind::output_end, "");
        end_tag(close, size);
        return Done{};
      }
      WY_RETURN_IF_ERROR(read_word());
      const std::string& word = words_.back().text;
      if (words_.back().kind != WordKind::sign) continue;
      if (word == "(" || word == "[" || word == "{") ++brackets;
      if (word == ")" || word == "]" || word == "}") --brackets;
      if (brackets < 0) return template_error(line_, "there is a " + word + " too many");
      if (words_.size() > kWordsMax) return template_error(line_, "the template is too long");
    }
  }

  Status read_word() {
    const char c = rest()[0];
    if (is_name_start(c)) {
      std::size_t size = 1;
      while (size < rest().size() && (is_name_start(rest()[size]) || is_digit(rest()[size]))) {
        ++size;
      }
      push(WordKind::name, std::string(rest().substr(0, size)));
      skip(size);
      return Done{};
    }
    if (is_digit(c)) return read_number();
    if (c == '\'' || c == '"') return read_string(c);
    constexpr std::string_view kSigns[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                           "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                           ">",  "<",  "=",  ".",  ":",  "|",  ","};
    for (const std::string_view sign : kSigns) {
      if (!rest().starts_with(sign)) continue;
      push(WordKind::sign, std::string(sign));
      skip(sign.size());
      return Done{};
    }
    return template_error(
        line_, "there is a " + json_quoted(rest().substr(0, 1)) + " where none is expected");
  }

  Status read_number() {
    std::string digits;
    std::size_t size = 0;
    const auto take = [&] {
      while (size < rest().size() && (is_digit(rest()[size]) || rest()[size] == '_')) {
        if (rest()[size] != '_') digits += rest()[size];
        ++size;
      }
    };
    take();
    const auto digit_at = [&](std::size_t at) {
      return at < rest().size() && is_digit(rest()[at]);
    };
    bool real = rest().substr(size).starts_with('.') && digit_at(size + 1);
    if (real) {
      digits += '.';
      ++size;
      take();
    }
    const std::string_view exponent = rest().substr(size, 2);
    const bool has_sign = exponent.ends_with('+') || exponent.ends_with('-');
    if ((exponent.starts_with('e') || exponent.starts_with('E')) &&
        digit_at(size + (has_sign ? 2 : 1))) {
      real = true;
      digits += exponent.substr(0, has_sign && exponent[1] == '-' ? 2 : 1);
      size += has_sign ? 2 : 1;
      take();
    }
    push(real ? WordKind::real : WordKind::integer, digits);
    TemplateWord& word = words_.back();
    const char* end = word.text.data() + word.text.size();
    const auto done = real ? std::from_chars(word.text.data(), end, word.real)
                           : std::from_chars(word.text.data(), end, word.integer);
    if (done.ec != std::errc{} || done.ptr != end) {
      return template_error(line_, "the number " + word.text + " is too large");
    }
    skip(size);
    return Done{};
  }

  Status read_string(char quote) {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) return template_error(line_, "a string has no end");
    push(WordKind::string, without_escapes(rest().substr(1, end - at_ - 1)));
    skip(end - at_ + 1);
    return Done{};
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool at_line_start_ = true;
  std::vector<TemplateWord> words_;
};

}  // namespace

Result<std::vector<TemplateWord>> cut_template(std::string_view source) {
  return Lexer(source).run();
}

Error template_error(int line, const std::string& what) {
  return Error{ErrorCode::unsupported_media,
               "the chat template, line " + std::to_string(line) + ": " + what};
}

}  // namespace wenyuan::llm
